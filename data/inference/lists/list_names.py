"""What the name of a list says: whether its values have an order, and what they are."""

from __future__ import annotations

from data.inference import names
from data.inference.outcomes.outcome_names import is_history
from schemas.outcome_names import OUTCOME, has, known_afterwards, vocabulary, words

_ORDERED = vocabulary(
    "history hist histories sequence sequences seq recent recently last latest past previous prev "
    "earlier trail browsing browsed session clicked opened viewed watched visited seen bought "
    "purchased played read listened rated liked ago elapsed"
)
_UNORDERED = vocabulary(
    "tag tags genre genres category categories cat cats label labels keyword keywords topic topics "
    "color colors colour colours interest interests attribute attributes ingredient ingredients "
    "brand brands author authors actor actors artist artists style styles size sizes feature "
    "features skill skills amenity amenities language languages theme themes kind kinds type types"
)
_VECTOR = vocabulary("embedding embeddings emb embs embed vector vectors vec vecs latent factors")
_WEIGHT = vocabulary(
    "weight weights score scores confidence confidences conf prob probs probability probabilities "
    "relevance relevances strength strengths importance tfidf idf wt wts value values"
)
_NUMBER = names.NUMBER | vocabulary("gap gaps interval intervals elapsed ago age ages prices")
_TIME = names.TIME | vocabulary("times timestamps dates epochs")
_LABEL = vocabulary("label labels")
_DONE = frozenset(word for word in OUTCOME if word.endswith("ed")) | {"bought", "paid"}


def says_order(name: str) -> bool:
    """True where the name says what came before, one after another: `hist_items`."""
    return has(name, _ORDERED) or is_history(name)


def says_no_order(name: str) -> bool:
    """True where the name says values of equal standing: `genres`, but not `last_genres`."""
    return has(name, _UNORDERED) and not says_order(name)


def says_vector(name: str) -> bool:
    """True for an embedding's name."""
    return has(name, _VECTOR)


def says_weight(name: str) -> bool:
    """True where the name says how much other values count."""
    return has(name, _WEIGHT)


def says_number(name: str) -> bool:
    """True where the name says a quantity, and no id."""
    return has(name, _NUMBER) and not has(name, names.ID)


def says_time(name: str) -> bool:
    """True where the name says moments; `gap_of_time` says how far apart they are."""
    return has(name, _TIME) and not says_number(name)


def says_outcome(name: str, texts: bool) -> bool:
    """True where the name says what came of the row: `clicks`, but neither `clicked_items`, which
    is what was clicked before, nor `labels` where these are texts.

    Args:
      name: the column's.
      texts: whether its values are texts.
    """
    outcomes = OUTCOME - _LABEL if texts else OUTCOME
    if not (has(name, outcomes) or known_afterwards(name)) or is_history(name):
        return False
    parts = words(name)
    done = any(
        first in _DONE and second not in OUTCOME and not second.isdigit()
        for first, second in zip(parts, parts[1:], strict=False)
    )
    return not done and not has(name, vocabulary("seq sequence"))


def stems(name: str) -> frozenset[str]:
    """What a name says its values are, in the singular: `hist_item_ids` is `item`."""
    said = {_singular(word) for word in words(name)} - {_singular(x) for x in _ORDERED | names.ID}
    return frozenset(said - {"list", "lists"})


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return f"{word[:-3]}y"
    return word[:-1] if word.endswith("s") and len(word) > 2 and not word.endswith("ss") else word
