"""What a column's name says about its role: the words that logs of impressions use."""

from __future__ import annotations

# Named twice, so that the other modules find all that names say here.
from schemas.outcome_names import has as has
from schemas.outcome_names import vocabulary, words

TIME = vocabulary("time timestamp ts datetime date at epoch when")
CLOCK = vocabulary("hour hourmin minute weekday dow")
USER = vocabulary(
    "user uid userid member customer visitor person people account viewer reader buyer device "
    "cookie client profile subscriber passenger guest"
)
ITEM = vocabulary(
    "item iid itemid video movie film product sku goods ad advert creative doc document article "
    "news song track offer listing photo note post content hotel poi shop game app book"
)
ID = vocabulary("id uid iid userid itemid key hash code no")
IMPRESSION = vocabulary("impression request session query trace event log row uuid guid")
SCENARIO = vocabulary(
    "scenario scene tab page surface placement channel domain entry source country market module "
    "screen section zone area site business"
)
POSITION = vocabulary("position pos rank slot")
NUMBER = vocabulary(
    "count cnt num number price amount age score rate ratio duration length size days hours "
    "minutes seconds sec ms distance total sum avg mean"
)
_ROW_WEIGHTS = vocabulary(
    "weight weights sample_weight row_weight example_weight impression_weight instance_weight "
    "loss_weight"
)
_MORE_OF_TIME = vocabulary(
    "event impression imp exposure exposed request req log logged server client local utc gmt unix "
    "ms us s ns sec secs seconds millis micros nanos shown show display displayed served created"
)
_MORE_OF_USER = ID | vocabulary(
    "hashed anonymous anon anonymized encrypted masked global unique internal external new old"
)
_MORE_OF_SCENARIO = vocabulary("id name type code key kind")


def says_time(name: str) -> bool:
    """True where the name says that the column is the time of the impression, and no other."""
    return _says(name, TIME, _MORE_OF_TIME)


def says_user(name: str) -> bool:
    """True where the name says that the column tells users apart."""
    return _says(name, USER, _MORE_OF_USER)


def says_scenario(name: str) -> bool:
    """True where the name says that the column is the scenario."""
    return _says(name, SCENARIO, _MORE_OF_SCENARIO)


def _says(name: str, role: frozenset[str], others: frozenset[str]) -> bool:
    known = {word for word in words(name) if not word.isdigit()}
    return bool(known & role) and known <= role | others


def weighs_rows(name: str) -> bool:
    """True for the name of a row's weight; the weight of a parcel says what it is of."""
    return "_".join(words(name)) in _ROW_WEIGHTS
