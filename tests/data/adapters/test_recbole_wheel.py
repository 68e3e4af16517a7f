"""The download, against wheels that are made here and served as pip would find them."""

import hashlib
import os
import socket
import zipfile

import pytest

from common.errors import BadDataError
from data.adapters import recbole_wheel

NAME = "recbole-1.2.1-py3-none-any.whl"
INFO = "recbole-1.2.1.dist-info"
METADATA = {
    f"{INFO}/METADATA": "Metadata-Version: 2.1\nName: recbole\nVersion: 1.2.1\n",
    f"{INFO}/WHEEL": "Wheel-Version: 1.0\nGenerator: made\nRoot-Is-Purelib: true\n"
    "Tag: py3-none-any\n",
    f"{INFO}/RECORD": "",
}
CONTENT = {f"{recbole_wheel.FOLDER}/{name}": f"made {name}\n" for name in recbole_wheel.FILES}
OTHER = {f"{recbole_wheel.FOLDER}/ml-100k.kg": "not wanted\n", "recbole/__init__.py": ""}


@pytest.fixture(autouse=True)
def only_this_index(monkeypatch, tmp_path):
    """pip knows no index but the folder `tmp_path/index`, whatever the machine is set to."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    settings = {"CONFIG_FILE": os.devnull, "NO_INDEX": "1", "FIND_LINKS": str(tmp_path / "index")}
    for name, value in {**settings, "NO_CACHE_DIR": "1"}.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (tmp_path / "index").mkdir()


@pytest.fixture
def serve(monkeypatch, tmp_path):
    """Puts a wheel of `members` into the index, and makes its digest the known one if `known`."""

    def put(members, known=True):
        path = tmp_path / "index" / NAME
        with zipfile.ZipFile(path, "w") as archive:
            for name, text in {**METADATA, **members}.items():
                archive.writestr(name, text)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        if known:
            monkeypatch.setattr(recbole_wheel, "SHA256", digest)
        return digest

    return put


def test_only_the_needed_files_are_kept_and_asked_for_once(serve, tmp_path):
    serve({**CONTENT, **OTHER})
    folder = recbole_wheel.fetch()
    assert folder == tmp_path / "cache" / "polyrank" / "recbole-1.2.1-ml-100k"
    found = {path.name: path.read_text() for path in folder.iterdir()}
    assert found == {name: f"made {name}\n" for name in recbole_wheel.FILES}
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]
    (tmp_path / "index" / NAME).unlink()
    assert recbole_wheel.fetch() == folder


def test_another_wheel_of_that_version_is_not_used(serve, tmp_path):
    digest = serve(CONTENT, known=False)
    with pytest.raises(BadDataError, match=f"sha256 {digest}; want {recbole_wheel.SHA256}"):
        recbole_wheel.fetch()
    assert list((tmp_path / "cache" / "polyrank").iterdir()) == []


def test_a_wheel_without_a_file_is_not_used(serve, tmp_path, monkeypatch):
    serve({name: text for name, text in CONTENT.items() if not name.endswith(".user")})
    monkeypatch.setattr(recbole_wheel, "_download", lambda folder: tmp_path / "index" / NAME)
    with pytest.raises(BadDataError, match=r"holds no recbole/dataset_example/ml-100k/ml-100k.use"):
        recbole_wheel.fetch()
    assert list((tmp_path / "cache" / "polyrank").iterdir()) == []


def test_an_index_that_does_not_answer_is_told_with_the_way_around(monkeypatch, tmp_path):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/simple"
    monkeypatch.delenv("PIP_NO_INDEX")
    for name, value in {"INDEX_URL": url, "RETRIES": "0", "TIMEOUT": "5"}.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with pytest.raises(recbole_wheel.DownloadError) as error:
        recbole_wheel.fetch()
    assert recbole_wheel.PAGE in str(error.value)
    assert "No matching distribution found for recbole==1.2.1" in str(error.value)
    assert url in str(error.value)
    assert "--source FOLDER" in str(error.value)
    assert list((tmp_path / "cache" / "polyrank").iterdir()) == []


def test_a_pip_on_the_path_stands_in_and_none_is_told(monkeypatch):
    monkeypatch.setattr(recbole_wheel.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(recbole_wheel.shutil, "which", lambda name: f"/bin/{name}")
    assert recbole_wheel._pip() == ["/bin/pip"]
    monkeypatch.setattr(recbole_wheel.shutil, "which", lambda name: None)
    with pytest.raises(recbole_wheel.DownloadError, match="no pip to download.*--source FOLDER"):
        recbole_wheel.fetch()
