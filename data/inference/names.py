"""What a column's name says about it: the words that logs of impressions use."""

from __future__ import annotations

import collections
import re
from collections.abc import Sequence

from schemas.outcome_names import AFTERWARDS as AFTERWARDS
from schemas.outcome_names import OUTCOME as OUTCOME
from schemas.outcome_names import has as has
from schemas.outcome_names import known_afterwards
from schemas.outcome_names import vocabulary as _vocabulary
from schemas.outcome_names import words as words

TIME = _vocabulary("time timestamp ts datetime date at epoch when")
CLOCK = _vocabulary("hour hourmin minute weekday dow")
USER = _vocabulary(
    "user uid userid member customer visitor person people account viewer reader buyer device "
    "cookie client profile subscriber passenger guest"
)
ITEM = _vocabulary(
    "item iid itemid video movie film product sku goods ad advert creative doc document article "
    "news song track offer listing photo note post content hotel poi shop game app book"
)
ID = _vocabulary("id uid iid userid itemid key hash code no")
IMPRESSION = _vocabulary("impression request session query trace event log row uuid guid")
SCENARIO = _vocabulary(
    "scenario scene tab page surface placement channel domain entry source country market module "
    "screen section zone area site business"
)
POSITION = _vocabulary("position pos rank slot")
NUMBER = _vocabulary(
    "count cnt num number price amount age score rate ratio duration length size days hours "
    "minutes seconds sec ms distance total sum avg mean"
)
told_afterwards = known_afterwards
_ROW_WEIGHTS = _vocabulary(
    "weight weights sample_weight row_weight example_weight impression_weight instance_weight "
    "loss_weight"
)


def weighs_rows(name: str) -> bool:
    """True for the name of a row's weight; the weight of a parcel says what it is of."""
    return "_".join(words(name)) in _ROW_WEIGHTS


def label_names(columns: Sequence[str]) -> dict[str, str]:
    """The names of labels in the task graph: the columns' without `is_` or `has_`.

    Columns that differ in nothing else keep all of their names.
    """
    short = {column: _without_prefix(column) for column in columns}
    often = collections.Counter(short.values())
    return {
        column: name if often[name] == 1 else _without_separators(column)
        for column, name in short.items()
    }


def _without_prefix(column: str) -> str:
    parts = words(column)
    kept = parts[1:] if len(parts) > 1 and parts[0] in ("is", "has", "label") else parts
    return "_".join(kept) or _without_separators(column)


def _without_separators(column: str) -> str:
    """A column's name without what tells the parts of a tag and of an override apart."""
    return re.sub(r"[\s,:/]+", "_", column)
