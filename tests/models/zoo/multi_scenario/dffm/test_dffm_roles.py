"""Which fields stand for the domain and which for the target item."""

import dataclasses

import pytest
from made_batches import layout, make_ranker
from made_dffm import CONFIG, LISTS
from made_lists import HISTORY, QUERIES

from common.settings import SettingsError
from models.features.inputs import Field, InputLayout
from models.zoo.multi_scenario.dffm.roles import Roles, roles_of

USER = Field("user", 600, side="user", prior=True, prior_role="user")
ITEM = Field("item", 40, dim=6, side="item")
AUTHOR = Field("author", 9, side="item", prior=True, prior_role="item")
HOUR = Field("hour", 24, side="context")
PAGE = Field("page", 3, side="context", prior=True, prior_role="scenario")


def inputs(*fields: Field, **others: object) -> InputLayout:
    return InputLayout(fields, (), ("s0", "s1"), **others)  # type: ignore[arg-type]


def test_the_target_is_what_histories_hold() -> None:
    found = roles_of(inputs(USER, ITEM, AUTHOR, HOUR, PAGE, sequences=(HISTORY, QUERIES)), True)
    assert found == Roles(domain=(4,), target=(1,), agnostic=(0, 2, 3))
    assert found.raw == (1, 4)


def test_else_it_is_the_item_s_prior_and_else_all_of_the_item() -> None:
    assert roles_of(inputs(USER, ITEM, AUTHOR, PAGE), True).target == (2,)
    assert roles_of(inputs(AUTHOR, ITEM, sequences=(QUERIES,)), True).target == (0,)
    assert roles_of(inputs(USER, ITEM, HOUR), True) == Roles((), (1,), (0, 2))


def test_a_history_of_the_domain_s_own_values_makes_no_target_of_it() -> None:
    pages = dataclasses.replace(
        QUERIES, columns=(dataclasses.replace(QUERIES.columns[0], table="page"),)
    )
    assert roles_of(inputs(PAGE, ITEM, sequences=(pages,)), True) == Roles((0,), (1,), ())


def test_lists_that_are_no_histories_are_agnostic() -> None:
    found = roles_of(LISTS, True)
    assert [LISTS.slots(False)[p] for p in found.agnostic] == [
        "user",
        "hour",
        "tags",
        "hours",
        "labels",
        "image",
    ]


def test_a_history_without_a_target_is_refused_and_says_what_to_do() -> None:
    without = inputs(USER, HOUR, sequences=(QUERIES,))
    with pytest.raises(SettingsError) as error:
        roles_of(without, True)
    assert str(error.value) == (
        "model: dffm reads the histories queries for a target item, and no column says what it is; "
        "tag a sequence with of=<the item's column>, or the item's columns with prior:item or "
        "item, or leave histories out with model.histories: none"
    )
    assert roles_of(without, False) == Roles((), (), (0, 1))
    assert roles_of(inputs(USER, HOUR), True) == Roles((), (), (0, 1))


def test_a_log_of_an_item_alone_transforms_the_item() -> None:
    alone = dataclasses.replace(layout(), fields=(ITEM,))
    architecture = make_ranker(CONFIG, inputs=alone).architecture
    assert architecture.token_names == ("item", "(scenario)")
