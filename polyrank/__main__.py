"""`python -m polyrank`, and the console script `polyrank`."""

from __future__ import annotations

from cli.main import main

if __name__ == "__main__":
    main()
