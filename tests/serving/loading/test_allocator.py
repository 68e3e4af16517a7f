import platform
import re
import subprocess
import sys

import pytest

PROGRAM = """
import ctypes, sys, threading
from serving.loading.allocator import return_memory
if sys.argv[1] == "with":
    return_memory()
libc = ctypes.CDLL(None)
libc.malloc.restype = libc.fopen.restype = ctypes.c_void_p
together = threading.Barrier(8)
def allocate():
    together.wait()
    for _ in range(1000):
        libc.malloc(100)
    together.wait()
threads = [threading.Thread(target=allocate) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
file = ctypes.c_void_p(libc.fopen(b"/dev/stdout", b"w"))
libc.malloc_info(0, file)
libc.fclose(file)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have no arenas")
@pytest.mark.parametrize(("how", "arenas"), [("with", range(1, 3)), ("without", range(3, 99))])
def test_threads_share_two_arenas(how, arenas):
    command = [sys.executable, "-c", PROGRAM, how]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert len(re.findall(r"<heap nr=", done.stdout)) in arenas
