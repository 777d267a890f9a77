"""`python -m attnjax.reproduce --workdir=DIR`."""

import sys

from attnjax.reproduce.command import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
