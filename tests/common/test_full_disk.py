import errno
import os

import pytest
import tensorflow as tf

from common.full_disk import full_disk, reason_if_full

FULL = os.strerror(errno.ENOSPC)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(errno.ENOSPC, FULL), FULL),
        (OSError(errno.EDQUOT, os.strerror(errno.EDQUOT)), os.strerror(errno.EDQUOT)),
        (OSError(errno.ENOENT, "No such file"), ""),
        (tf.errors.ResourceExhaustedError(None, None, f"a.gz; {FULL}"), FULL),
        (
            tf.errors.OutOfRangeError(None, None, f"a.gz; {os.strerror(errno.EFBIG)}"),
            "File too large",
        ),
        (tf.errors.ResourceExhaustedError(None, None, "OOM when allocating a tensor"), ""),
        (ValueError(FULL), ""),
    ],
)
def test_only_a_disk_without_room_has_a_reason(error, reason):
    assert reason_if_full(error) == reason


def test_the_text_names_the_folder_and_what_to_do():
    assert full_disk("/work", FULL).startswith(f"/work can't be written: {FULL}. ")
    assert "free some space" in full_disk("/work", FULL)
