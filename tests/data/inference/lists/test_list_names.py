"""What the names of lists say."""

import pytest

from data.inference.lists import list_names


@pytest.mark.parametrize(
    "name",
    [
        "user_history", "hist_items", "itemSeq", "recent_views", "last_5", "clicked_items",
        "viewed_ids", "past_orders", "previous_pages", "last_genres", "browsed_items",
        "opened_pages", "seconds_ago", "time_elapsed",
    ],
)  # fmt: skip
def test_an_order_is_said(name):
    assert list_names.says_order(name) and not list_names.says_no_order(name)


@pytest.mark.parametrize("name", ["tags", "movie_genres", "item_labels", "keywords", "colors"])
def test_equal_standing_is_said(name):
    assert list_names.says_no_order(name) and not list_names.says_order(name)


@pytest.mark.parametrize(
    ("name", "texts", "outcome"),
    [
        ("clicks", False, True),
        ("click_items", False, True),
        ("clicked", False, True),
        ("labels", False, True),
        ("labels", True, False),
        ("clicked_items", False, False),
        ("bought_ids", False, False),
        ("user_clicks_7d", False, False),
        ("hist_actions", False, False),
        ("action_seq", False, False),
        ("dwell", False, True),
        ("tags", True, False),
    ],
)
def test_outcomes_are_kept_apart_from_what_was_done_before(name, texts, outcome):
    assert list_names.says_outcome(name, texts) is outcome


def test_stems_are_what_the_values_are():
    assert list_names.stems("hist_item_ids") == {"item"} == list_names.stems("item_id")
    assert list_names.stems("recent_categories") == {"category"}
    assert list_names.stems("class_list") == {"class"}
