"""A log with every kind of list, with values that can be counted by hand."""

from typing import Any

SCHEMA = """
feature { name: "scenario" type: BYTES presence { min_fraction: 1 } shape { dim { size: 1 } }
  string_domain { value: "home" value: "cart" }
  annotation { tag: "scenario" tag: "context" tag: "categorical" } }
feature { name: "item id" type: INT annotation { tag: "item" tag: "id:min_count=2,oov=3,dim=5" } }
feature { name: "category" type: BYTES string_domain { value: "a" value: "b" value: "c" }
  annotation { tag: "item" tag: "categorical:oov=2" } }
feature { name: "hour" type: INT int_domain { min: 5 max: 8 }
  annotation { tag: "context" tag: "categorical" } }
feature { name: "seen item" type: INT value_count { min: 0 }
  annotation { tag: "user" tag: "sequence:of=item id,length=4,group=history" } }
feature { name: "seen_category" type: BYTES value_count { min: 0 }
  annotation { tag: "user" tag: "sequence:of=category,length=4,group=history" } }
feature { name: "gap" type: FLOAT value_count { min: 0 }
  annotation { tag: "user" tag: "sequence:length=4,group=history,buckets=2" } }
feature { name: "seen_hours" type: INT value_count { min: 0 }
  annotation { tag: "sequence:of=hour,length=2" } }
feature { name: "queries" type: BYTES value_count { min: 0 }
  annotation { tag: "user" tag: "sequence:length=3,min_count=2,oov=2,dim=6" } }
feature { name: "tags" type: BYTES value_count { min: 0 }
  annotation { tag: "item" tag: "multi_value:pooling=sum,length=3,weights=tag_weights" } }
feature { name: "tag_weights" type: FLOAT value_count { min: 0 } }
feature { name: "liked" type: INT value_count { min: 0 }
  annotation { tag: "user" tag: "multi_value:of=item id,length=2,pooling=max" } }
feature { name: "more_tags" type: BYTES value_count { min: 0 }
  annotation { tag: "item" tag: "multi_value:of=tags,length=2" } }
feature { name: "image" type: FLOAT value_count { min: 3 max: 3 }
  annotation { tag: "item" tag: "vector:dim=3" } }
feature { name: "text" type: FLOAT presence { min_fraction: 1 } shape { dim { size: 2 } }
  annotation { tag: "item" tag: "vector:dim=2,normalize=l2" } }
feature { name: "carried" type: INT value_count { min: 0 } }
feature { name: "click" type: INT presence { min_fraction: 1 } shape { dim { size: 1 } }
  annotation { tag: "label:click" } }
"""


def row(**values: Any) -> dict[str, Any]:
    """A row with what must be there; `item_id` and `seen_item` have blanks in the log."""
    blanks = {"item_id": "item id", "seen_item": "seen item"}
    named = {blanks.get(name, name): value for name, value in values.items()}
    return {"scenario": "home", "text": [3.0, 4.0], "click": 0, **named}


def history(*events: tuple[int, str, float]) -> dict[str, Any]:
    """The aligned lists of one row, oldest first."""
    items, categories, gaps = zip(*events, strict=True) if events else ((), (), ())
    return {"seen_item": list(items), "seen_category": list(categories), "gap": list(gaps)}


def made_rows() -> list[dict[str, Any]]:
    """Rows in which items 1, 2 and 3 are seen often enough; what is cut off is not counted.

    Kept values of the table of items: 1 nine times, 2 three times, 3 twice, 4 and 9 once.
    """
    old = [(9, "a", 900.0)] * 3
    return [
        row(item_id=1, **history((1, "a", 10.0), (2, "b", 1.0)), queries=["x", "y"]),
        row(item_id=1, **history(), queries=["x"], tags=["red", "blue"], tag_weights=[1.0, 0.5]),
        row(item_id=2, **history((3, "c", 5.0)), liked=[1, 3], image=[1.0, 2.0, 2.0]),
        row(item_id=4, **history(*old, *[(1, "b", gap) for gap in (4.0, 3.0, 2.0, 1.0)])),
        row(item_id=9, liked=[1, 2, 9, 9, 9], tags=["red"] * 4, tag_weights=[1.0, 2.0, 3.0, 4.0]),
        row(category="a", hour=5, seen_hours=[5, 6, 7], more_tags=["green", "green"], click=1),
    ]
