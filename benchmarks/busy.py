"""A process that works and pauses, each for up to 1.5 s, until it is killed: load for others."""

import random
import sys
import time

_LONGEST = 1.5

if __name__ == "__main__":
    lengths = random.Random(int(sys.argv[1]))
    while True:
        until = time.monotonic() + lengths.uniform(0, _LONGEST)
        while time.monotonic() < until:
            pass
        time.sleep(lengths.uniform(0, _LONGEST))
