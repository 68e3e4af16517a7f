import os

import pytest

from components.common.digests import files_token, listing_token, log_token
from data.log.files import LogFile


def test_files_token_sees_content_and_appearance(tmp_path):
    file = tmp_path / "span=2026-01-01" / "part.parquet"
    missing = files_token([file])
    file.parent.mkdir()
    file.write_bytes(b"1234")
    written = files_token([file])
    assert written != missing
    assert files_token([tmp_path]) != written  # The folder's token holds the relative path.
    os.utime(file, ns=(5, 6))
    assert files_token([file]) == written
    before = file.stat()
    file.write_bytes(b"1235")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert files_token([file]) not in (missing, written)


@pytest.mark.parametrize("name", ["_SUCCESS", ".DS_Store", "_temporary/part-0", ".part.crc"])
def test_what_is_hidden_is_in_no_token(tmp_path, name):
    (tmp_path / "part.parquet").write_bytes(b"1")
    before = files_token([tmp_path])
    hidden = tmp_path / name
    hidden.parent.mkdir(exist_ok=True)
    hidden.write_bytes(b"2")
    assert files_token([tmp_path]) == before
    # A path that is named is read, whatever its name.
    assert files_token([hidden]) != files_token([tmp_path / "nothing"])


def test_log_token_knows_which_file_has_which_content(tmp_path):
    def token(**contents):
        files = []
        for name, content in contents.items():
            (tmp_path / name).write_bytes(content)
            files.append(LogFile(str(tmp_path / name), name, "csv"))
        return log_token(files)

    assert token(a=b"1", b=b"2") == token(b=b"2", a=b"1")
    assert len({token(a=b"1", b=b"2"), token(a=b"2", b=b"1"), token(a=b"1"), token(c=b"1")}) == 4


def test_files_token_of_a_folder_sees_files_below_it(tmp_path):
    (tmp_path / "a").mkdir()
    before = files_token([tmp_path])
    (tmp_path / "a" / "new").write_bytes(b"")
    assert files_token([tmp_path]) != before


def test_files_token_sees_in_which_folder_a_file_lies(tmp_path):
    for folder in ("span=2026-01-01", "span=2026-01-02"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "part").write_bytes(b"")
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
    with tf.io.gfile.GFile(f"{folder}/_SUCCESS", "wb") as file:
        file.write(b"")
    assert files_token([folder]) == written
    with tf.io.gfile.GFile(f"{folder}/part", "wb") as file:
        file.write(b"1235")
    assert len({before, written, files_token([folder])}) == 3


def test_listing_token_ignores_order_only():
    assert listing_token(["a", "b"]) == listing_token(["b", "a"])
    assert listing_token(["a", "b"]) != listing_token(["ab"])
    assert listing_token(["a"]) != listing_token(["a", "a"])
