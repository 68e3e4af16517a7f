import os

import pytest

from common.source_digest import PACKAGES, code_digest
from components.common.digests import files_token, listing_token


@pytest.fixture()
def tree(tmp_path):
    for package in (*PACKAGES, "cli"):
        (tmp_path / package).mkdir(parents=True)
        (tmp_path / package / "a.py").write_text(f"# {package}\n")
    return tmp_path


def test_code_digest_sees_content_and_names_of_our_packages_only(tree):
    before = code_digest(tree)
    (tree / "models" / "notes.txt").write_text("no code")
    (tree / "cli" / "a.py").write_text("the command line changes no artifact")
    assert code_digest(tree) == before
    (tree / "models" / "a.py").write_text("# changed\n")
    changed = code_digest(tree)
    assert changed != before
    (tree / "models" / "a.py").rename(tree / "models" / "b.py")
    assert code_digest(tree) not in (before, changed)


def test_code_digest_does_not_depend_on_where_the_code_lies(tree, tmp_path_factory):
    other = tmp_path_factory.mktemp("elsewhere") / "deeper"
    other.parent.mkdir(exist_ok=True)
    before = code_digest(tree)
    tree.rename(other)
    assert code_digest(other) == before


def test_code_digest_covers_this_repository(tree):
    assert code_digest() != code_digest(tree)


def test_files_token_sees_size_time_and_appearance(tmp_path):
    file = tmp_path / "span=2026-01-01" / "part.parquet"
    missing = files_token([file])
    file.parent.mkdir()
    file.write_bytes(b"1234")
    os.utime(file, ns=(5, 5))
    written = files_token([file])
    assert written != missing
    assert files_token([tmp_path]) != written  # The folder's token holds the relative path.
    os.utime(file, ns=(5, 6))
    touched = files_token([file])
    assert touched != written
    file.write_bytes(b"12345")
    os.utime(file, ns=(5, 5))
    assert files_token([file]) not in (written, touched)
    file.write_bytes(b"4321")
    os.utime(file, ns=(5, 5))
    assert files_token([file]) == written


def test_files_token_of_a_folder_sees_files_below_it(tmp_path):
    (tmp_path / "a").mkdir()
    before = files_token([tmp_path])
    (tmp_path / "a" / "new").write_bytes(b"")
    assert files_token([tmp_path]) != before


def test_files_token_sees_in_which_folder_a_file_lies(tmp_path):
    for folder in ("span=2026-01-01", "span=2026-01-02"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "part").write_bytes(b"")
        os.utime(tmp_path / folder / "part", ns=(5, 5))
    first, second = sorted(tmp_path.iterdir())
    assert files_token([first]) != files_token([second])


def test_files_token_sees_remote_files():
    import tensorflow as tf

    folder = "ram://log/span=2026-01-01"
    before = files_token([folder])
    tf.io.gfile.makedirs(folder)
    with tf.io.gfile.GFile(f"{folder}/part", "wb") as file:
        file.write(b"1234")
    written = files_token([folder])
    with tf.io.gfile.GFile(f"{folder}/part", "wb") as file:
        file.write(b"12345")
    assert len({before, written, files_token([folder])}) == 3


def test_listing_token_ignores_order_only():
    assert listing_token(["a", "b"]) == listing_token(["b", "a"])
    assert listing_token(["a", "b"]) != listing_token(["ab"])
    assert listing_token(["a"]) != listing_token(["a", "a"])
