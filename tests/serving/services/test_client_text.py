import pathlib

import pytest

from serving.services.error_text import client_text


def said(text, base_path="/srv/models/shop", name="polyrank"):
    return client_text(text, base_path, name)


@pytest.mark.parametrize("letter", ["a", "é", "€", "😀"])
def test_a_text_ends_at_1024_bytes_between_two_characters(letter):
    for count in range(200, 1100):
        cut = said(letter * count)
        size = len(cut.encode())
        if len(letter.encode()) * count <= 1024:
            assert cut == letter * count
        else:
            assert 1020 <= size <= 1024
            assert cut == letter * (len(cut) - 1) + "…"


def test_a_text_of_megabytes_is_cut_too():
    assert len(said("/a" * 2**23).encode()) <= 1024
    assert len(said("x" * 2**24).encode()) == 1024


def test_what_is_no_unicode_is_replaced():
    assert said("a \ud800 b") == "a ? b"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (
            "/srv/models/shop/17/variables is broken",
            "polyrank/17/variables is broken",
        ),
        ("'/srv/models/shop/17'", "'polyrank/17'"),
        ("file:///srv/models/shop/17", "polyrank/17"),
        ("can't open /home/ann/.cache/x.so: No such file", "can't open x.so: No such file"),
        ('File "/usr/lib/python3.10/enum.py", line 3', 'File "enum.py", line 3'),
        ("path=/etc/passwd", "path=passwd"),
        ("[Errno 2]: '/var/tmp/a b/c'", "[Errno 2]: 'a b/c'"),
        ("(/opt/venv/tf/kernel.cc:12)", "(kernel.cc:12)"),
        ("/", "/"),
        ("/srv/models/shopping/17", "17"),
        ("/données/modèle", "modèle"),
        ("//host/share/x", "x"),
        ("folder /tmp/x/ is empty", "folder x is empty"),
    ],
)
def test_absolute_paths_are_left_out(text, wanted):
    assert said(text) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "[[{{node StatefulPartitionedCall/tower/MatMul}}]]",
        "input 'age': expected shape [?], got [4, 1]",
        "3 / 4 of n/a, and/or",
        "assets/cities.txt; No such file or directory",
        "Servable not found for request: Latest(towns)",
    ],
)
def test_other_text_stays(text):
    assert said(text) == text


def test_the_base_path_is_known_in_every_spelling(tmp_path, monkeypatch):
    folder = tmp_path / "my models" / "shop"
    folder.mkdir(parents=True)
    link = tmp_path / "link"
    link.symlink_to(folder)
    monkeypatch.chdir(tmp_path)
    for path in (folder, link, folder.resolve(), pathlib.Path("my models/shop"), f"{folder}/"):
        for spelled in (str(path).rstrip("/"), str(pathlib.Path(path).absolute()), str(folder)):
            assert said(f"{spelled}/3 is broken", path) == "polyrank/3 is broken"


def test_a_remote_base_path_is_replaced():
    assert said("gs://bucket/shop/3 is broken", "gs://bucket/shop") == "polyrank/3 is broken"
