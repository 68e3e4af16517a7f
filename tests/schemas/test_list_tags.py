import pytest

from schemas.tags import ContractError, MultiValue, Sequence, Vector, parse_tags


@pytest.mark.parametrize(
    ("tag", "treatment"),
    [
        ("sequence", Sequence(length=50, oov=1, min_count=1)),
        ("sequence:of=item_id,length=20", Sequence(length=20, of="item_id")),
        ("sequence:group=history,buckets=16", Sequence(group="history", buckets=16)),
        (
            "sequence:text=pipe,min_count=3,oov=4,dim=8",
            Sequence(50, None, None, 0, "pipe", 3, 4, 8),
        ),
        ("multi_value", MultiValue(pooling="mean", length=50)),
        ("multi_value:pooling=max,weights=w", MultiValue(pooling="max", weights="w")),
        ("multi_value:of=tag,length=5,text=json", MultiValue("mean", 5, "tag", None, "json")),
        ("vector:dim=64", Vector(64, "none")),
        ("vector:dim=3,normalize=l2,text=comma", Vector(3, "l2", "comma")),
    ],
)
def test_list_treatments(tag, treatment):
    tags = parse_tags("f", [tag])
    assert tags.list_treatment == treatment
    assert tags.treatment is None


@pytest.mark.parametrize(
    ("tag", "role"),
    [
        ("prior", None),
        ("prior:user", "user"),
        ("prior:item", "item"),
        ("prior:scenario", "scenario"),
    ],
)
def test_a_prior_may_say_whose_it_is(tag, role):
    tags = parse_tags("f", [tag, "id"])
    assert tags.prior_role == role
    assert tags.flags == {"prior"}


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        (["sequence:lenght=5"], "unknown argument 'lenght'; did you mean 'length'?"),
        (["sequence:length=0"], "length is '0'; write a whole number of at least 1"),
        (["sequence:text=csv"], "unknown text 'csv'; write one of json, pipe, comma, semicolon"),
        (["sequence:of=a,min_count=2"], "'min_count' is of a table of its own"),
        (["sequence:of=a,buckets=2"], "'buckets' is of a table of its own"),
        (["sequence:length=5,length=6"], "two 'length'; keep one"),
        (["multi_value:pooling=avg"], "unknown pooling 'avg'; write one of mean, sum, max"),
        (["multi_value:group=g"], "unknown argument 'group'"),
        (["vector"], "write 'vector:dim=NUMBER', the length of its lists"),
        (["vector:dim=4,normalize=l1"], "unknown normalize 'l1'; write one of none, l2"),
        (["sequence", "id"], "it has another treatment already; keep one"),
        (["prior:usr"], "unknown role 'usr'; did you mean 'user'?"),
        (["sequenze"], "unknown tag 'sequenze'; did you mean 'sequence'?"),
    ],
)
def test_tags_of_lists_that_can_not_be_used(tags, message):
    with pytest.raises(ContractError) as error:
        parse_tags("f", tags)
    assert "'f'" in str(error.value)
    assert message in str(error.value)
