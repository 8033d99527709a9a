"""``python -m mutagent``: the same as the ``mutagent`` command."""

import sys

from mutagent.cli import main

if __name__ == "__main__":
    sys.exit(main())
