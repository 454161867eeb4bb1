"""``python -m ledger``."""

import sys

from ledger.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
