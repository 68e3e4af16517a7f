"""Cron expressions for three schedulers."""

import pytest

from cli.scheduling.cron import Cron
from common.settings import SettingsError


def test_five_fields_are_six_at_second_zero():
    assert Cron.parse("30 3 * * *") == Cron.parse("0 30 3 * * *")
    assert Cron.parse("30 3 * * *").kubeflow == "0 30 3 * * *"
    assert Cron.parse("0 30 3 ? * MON-FRI").crontab == "30 3 * * MON-FRI"


def test_what_a_field_stands_for():
    values = Cron.parse("0 */20 8-10,23 1-31/10 feb,11 sat").values
    assert values == ((0,), (0, 20, 40), (8, 9, 10, 23), (1, 11, 21, 31), (2, 11), (6,))


@pytest.mark.parametrize(
    ("expression", "events"),
    [
        ("0 3 * * *", ("*-*-* 03:00:00",)),
        ("15 0 */12 * * 1-5", ("Mon,Tue,Wed,Thu,Fri *-*-* 00,12:00:15",)),
        ("0 3 1 jan *", ("*-01-01 03:00:00",)),
        # Cron: on the 1st, and on Sundays.
        ("0 3 1 * sun", ("*-*-01 03:00:00", "Sun *-*-* 03:00:00")),
        # Cron: on Sundays with an odd date.
        ("0 3 */10 * sun", ("Sun *-*-01,11,21,31 03:00:00",)),
    ],
)
def test_systemd_means_the_same_times(expression, events):
    assert Cron.parse(expression).systemd == events


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("0 3 * *", "has 4 fields; want 6"),
        ("0 25 * * *", "field 'hour' has '25'; want 0 to 23, "),
        ("0 0 3 * 13 *", "field 'month' has '13'; want 1 to 12, jan to dec"),
        ("0 3 * * 7", "field 'day of week' has '7'; want 0 to 6, sun to sat"),
        ("0 3 0 * *", "field 'day of month' has '0'"),
        ("5-1 3 * * *", "field 'minute' has '5-1'"),
        ("*/0 3 * * *", r"field 'minute' has '\*/0'"),
        ("5/10 3 * * *", "field 'minute' has '5/10'"),
        ("1,,2 3 * * *", "field 'minute' has ''"),
        ("0 3 30 2 *", "no such month has a day 30"),
    ],
)
def test_the_field_that_can_not_be_used_is_named(expression, message):
    with pytest.raises(SettingsError, match=message):
        Cron.parse(expression)


def test_crontab_has_no_seconds():
    with pytest.raises(SettingsError, match="crontab has no field 'second'"):
        _ = Cron.parse("30 0 3 * * *").crontab
