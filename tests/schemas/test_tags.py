import pytest

from schemas.tags import Categorical, ContractError, Id, LabelTag, Numeric, parse_tags


@pytest.mark.parametrize(
    ("tag", "treatment"),
    [
        ("id", Id(min_count=1, oov=1, dim=None)),
        ("id:min_count=5,oov=8,dim=16", Id(min_count=5, oov=8, dim=16)),
        ("categorical", Categorical(oov=1)),
        ("categorical:dim=4", Categorical(oov=1, dim=4)),
        ("numeric", Numeric(buckets=0)),
        ("numeric:buckets=32", Numeric(buckets=32)),
    ],
)
def test_treatments(tag, treatment):
    assert parse_tags("f", [tag]).treatment == treatment


@pytest.mark.parametrize(
    ("tag", "label"),
    [
        ("label:click", LabelTag("click")),
        ("label:action given:click", LabelTag("action", given="click")),
        ("label:buy after:click,action", LabelTag("buy", after=("click", "action"))),
        ("label:buy above:0", LabelTag("buy", above=0.0)),
        ("label:buy above:-1 given:click", LabelTag("buy", "click", above=-1.0)),
        ("label:long_watch above:0.5", LabelTag("long_watch", above=0.5)),
        ("label:big above:1e3", LabelTag("big", above=1000.0)),
    ],
)
def test_labels(tag, label):
    assert parse_tags("f", [tag]).label == label


def test_flags_timestamp_and_train_only():
    tags = parse_tags("f", ["user", "prior", "timestamp:unit=ms", "train_only:default=0"])
    assert tags.flags == {"user", "prior", "timestamp"}
    assert tags.ticks_per_second == 1_000
    assert tags.train_only_default == "0"
    assert parse_tags("f", ["train_only:default=a, b=c,d"]).train_only_default == "a, b=c,d"
    assert parse_tags("f", ["timestamp"]).ticks_per_second == 1
    assert parse_tags("f", []).treatment is None


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        (["scenaro"], "unknown tag 'scenaro'; did you mean 'scenario'"),
        (["id:mincount=5"], "unknown argument 'mincount'; did you mean 'min_count'"),
        (["numeric:oov=1"], "unknown argument 'oov'; known: buckets, dim"),
        (["id:oov=0"], "oov is '0'; write a whole number of at least 1"),
        (["id:min_count=1.5"], "min_count is '1.5'; write a whole number"),
        (["id:oov=２"], "oov is '２'; write a whole number of at least 1"),
        (["numeric:buckets=٣"], "buckets is '٣'; write a whole number"),
        (["label:a above:９"], "above is '９'; write a number"),
        (["train_only:default="], "write 'train_only:default=VALUE'"),
        (["train_only:value=3"], "unknown argument 'value'; known: default"),
        (["id:oov"], "write 'oov=VALUE'"),
        (["id", "numeric"], "it has another treatment already"),
        (["label:a", "label:b"], "two label tags"),
        (["label:a parent:b"], "unknown part 'parent'"),
        (["label:"], "write 'label:NAME'"),
        (["label:a given:b after:c"], "exclude each other"),
        (["label:a above:"], "write 'above:NUMBER'"),
        (["label:a above:b"], "above is 'b'; write a number, such as 'above:0'"),
        (["label:a above:nan"], "above is 'nan'; write a number"),
        (["label:a above:-inf"], "above is '-inf'; write a number"),
        (["label:a above:1_0"], "above is '1_0'; write a number"),
        (["label:a above:0 above:1"], "two 'above'; keep one"),
        (["label:a over:0"], "unknown part 'over'; did you mean 'above'"),
        (["train_only"], "write 'train_only:default=VALUE'"),
        (["truth"], "write 'truth:OUTPUT'"),
        (["after_impression:1"], "'after_impression' takes no value"),
        (["timestamp:unit=h"], "unknown unit 'h'; write one of s, ms, us"),
        (["user:yes"], "'user' takes no value"),
        (["user", "item"], "more than one of user, item, context"),
    ],
)
def test_wrong_tags_name_the_feature_and_the_fix(tags, message):
    with pytest.raises(ContractError) as error:
        parse_tags("price", tags)
    assert message in str(error.value)
    assert "'price'" in str(error.value)
