"""The command ``python -m seglib``; see `seglib.cli`."""

import sys

from seglib.cli import main

if __name__ == "__main__":
    sys.exit(main())
