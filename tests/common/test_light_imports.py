"""The command line imports `common` first: nothing in it may wait for TensorFlow or numpy."""

import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def test_files_are_written_without_tensorflow_and_numpy(tmp_path):
    script = (
        "import sys\n"
        "from common import atomic_files, full_disk, json_files\n"
        "json_files.write_json(sys.argv[1], {'a': float('nan')})\n"
        "assert full_disk.reason_if_full(OSError(28, 'No space left on device'))\n"
        "assert not full_disk.reason_if_full(ValueError())\n"
        "print(sorted({'tensorflow', 'numpy'} & set(sys.modules)))"
    )
    path = tmp_path / "a.json"
    command = [sys.executable, "-c", script, str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr
    assert path.read_text() == '{\n "a": null\n}\n'
