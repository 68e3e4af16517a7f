"""What StatisticsGen and ExampleValidator see of lists: TFDV on the examples of a log."""

import pathlib

import pytest
from impression_log import SCHEMA, log  # noqa: F401 - a fixture
from list_log import LISTS, TYPES, write_lists

from common.tfx_compat import tfdv
from schemas.contract import parse_schema

pytestmark = pytest.mark.e2e


def test_statistics_and_validation_of_examples_with_lists(log):  # noqa: F811
    write_lists(log)
    examples, _ = log.run("run", schema_text=SCHEMA + LISTS)
    files = str(pathlib.Path(examples.uri, "Split-eval", "*"))
    statistics = tfdv.generate_statistics_from_tfrecord(files)
    features = {x.path.step[0]: x for x in statistics.datasets[0].features}
    # Day 2 has rows 80 to 119: row i has i % 5 events, and no voice where i % 4 is 0.
    items, image, voice = (features[x].num_stats for x in ("items", "image", "voice"))
    acts = features["acts"].string_stats.common_stats
    counts = [
        (x.min_num_values, x.max_num_values, x.num_non_missing, x.num_missing)
        for x in (items.common_stats, acts, image.common_stats, voice.common_stats)
    ]
    assert counts == [(0, 4, 40, 0), (0, 4, 40, 0), (4, 4, 40, 0), (2, 2, 30, 10)]
    assert (items.min, items.max) == (810, 1_193)
    assert items.common_stats.tot_num_values == 8 * (0 + 1 + 2 + 3 + 4)

    def anomalies(schema_text):
        found = tfdv.validate_statistics(statistics, parse_schema(schema_text)).anomaly_info
        return {
            name: info.reason[0].short_description for name, info in found.items() if name in TYPES
        }

    assert anomalies(SCHEMA + LISTS) == {}
    wrong = LISTS.replace("dim { size: 4 }", "dim { size: 5 }").replace("dim=4", "dim=5")
    wrong = wrong.replace("min: 2 max: 2", "min: 3 max: 3").replace("dim=2", "dim=3")
    assert set(anomalies(SCHEMA + wrong)) == {"image", "voice"}
