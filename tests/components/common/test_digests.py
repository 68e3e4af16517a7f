import os

from components.common.digests import files_token, listing_token


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
