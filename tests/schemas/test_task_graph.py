import pytest

from schemas.tags import ContractError
from schemas.task_graph import Label, Output, sorted_by_parents

CLICK = Label("click", "is_click")
ACTION = Label("action", "is_action", parent="click", constrained=True)
BUY = Label("buy", "is_buy", parent="click", paths=("click", "action"))


def test_outputs_are_named_from_the_labels():
    assert sorted_by_parents([CLICK, ACTION, BUY]).outputs == (
        Output("click", ("click",)),
        Output("action_given_click", ("action",), ("click",)),
        Output("click_and_action", ("click", "action")),
        Output("buy_given_click", ("buy",), ("click",)),
        Output("click_and_buy", ("click", "buy")),
        # Legal without a click, and so an output of its own.
        Output("buy", ("buy",)),
    )


def test_a_chain_of_three():
    pay = Label("pay", "is_pay", parent="action")
    graph = sorted_by_parents([pay, ACTION, CLICK])
    assert [label.name for label in graph.labels] == ["click", "action", "pay"]
    assert graph.ancestors("pay") == ("click", "action")
    assert graph.conditional("pay") == Output("pay_given_action", ("pay",), ("action",))
    assert graph.joint("pay") == Output("click_and_action_and_pay", ("click", "action", "pay"))


def test_lookups_by_name():
    graph = sorted_by_parents([BUY, ACTION, CLICK])
    assert graph.label("buy") is BUY
    assert graph.output("click_and_buy").target == ("click", "buy")
    with pytest.raises(KeyError, match="'bu'; known: click, buy_given_click"):
        graph.output("bu")


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([], "no feature has a 'label:NAME' tag"),
        ([CLICK, Label("click", "other")], "two features are tagged 'label:click'"),
        ([ACTION], "feature 'is_action': label 'action' follows 'click', which no feature"),
        ([CLICK, BUY], "label 'buy' follows 'action', which no feature"),
        ([Label("a", "a", parent="b"), Label("b", "b", parent="a")], "in a circle: a, b"),
        ([Label("a", "a", parent="a")], "in a circle: a"),
    ],
)
def test_graphs_that_can_not_be(labels, message):
    with pytest.raises(ContractError, match=message):
        sorted_by_parents(labels)
