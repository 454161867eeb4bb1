"""``python -m ledger``."""

import sys

from ledger.cli.main import program

if __name__ == "__main__":
    sys.exit(program())
