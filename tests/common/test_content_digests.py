"""Digests of contents; of remote files by what their store says."""

import base64
import hashlib
import http.server
import json
import os
import struct
import threading
import urllib.parse

import pytest

from common.content_digests import content_digests
from common.errors import BadDataError


def test_a_local_file_s_digest_is_the_sha_256_of_its_bytes(tmp_path):
    contents = [b"", b"1234", os.urandom((1 << 20) + 7)]
    for number, content in enumerate(contents):
        (tmp_path / str(number)).write_bytes(content)
    paths = [str(tmp_path / str(number)) for number in (2, 0, 1)]
    wanted = [hashlib.sha256(contents[number]).hexdigest() for number in (2, 0, 1)]
    assert content_digests(paths) == wanted


def test_a_link_that_leads_nowhere_has_no_content(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "nowhere")
    assert content_digests([str(tmp_path / "link")]) == [""]


def test_a_file_that_cannot_be_read_is_named():
    # Root may read every file; this one no process may, at this offset.
    path = "/proc/self/mem"
    with pytest.raises(BadDataError, match=r"^/proc/self/mem can't be read: Input/output error$"):
        content_digests([path])


def test_a_file_of_a_store_without_checksums_is_read():
    import tensorflow as tf

    with tf.io.gfile.GFile("ram://digests/part", "wb") as file:
        file.write(b"1234")
    assert content_digests(["ram://digests/part"]) == [hashlib.sha256(b"1234").hexdigest()]


class _Store(http.server.BaseHTTPRequestHandler):
    """Google Cloud Storage's answer to a question for an object; the objects are the server's."""

    def do_GET(self):  # noqa: N802 - http.server's name
        name = urllib.parse.unquote(urllib.parse.urlsplit(self.path).path.rpartition("/o/")[2])
        found = self.server.objects.get(name)
        self.send_response(404 if found is None else 200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        if found is not None:
            crc32c, size, etag = found
            text = base64.b64encode(struct.pack(">I", crc32c)).decode()
            answer = {"name": name, "bucket": "logs", "crc32c": text, "size": size, "etag": etag,
                      "updated": f"2026-01-0{etag}T00:00:00.000Z"}  # fmt: skip
            self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def google_store(monkeypatch):
    """Objects of a bucket `logs`: name -> (CRC32C, size, how often it was touched)."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Store)
    server.objects = {}
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", f"http://127.0.0.1:{server.server_port}")
    # Google's metadata server, where credentials would come from, is not waited for.
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "test")
    yield server.objects
    server.shutdown()
    server.server_close()
    thread.join()


def test_google_s_checksum_stands_for_the_content(google_store):
    google_store.update({"day/a": (17, 4, 1), "day/b": (18, 4, 1), "day/c": (17, 5, 1)})
    paths = ["gs://logs/day/a", "gs://logs/day/b", "gs://logs/day/c"]
    first = content_digests(paths)
    assert len(set(first)) == 3
    google_store["day/a"] = (17, 4, 2)
    assert content_digests(paths) == first
    google_store["day/a"] = (19, 4, 2)
    changed = content_digests(paths)
    assert changed[0] != first[0] and changed[1:] == first[1:]
