"""Train a classifier with attention, put its attention on trial, write the report."""

import sys
from pathlib import Path

from attnjax.cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], root=Path(__file__).resolve().parent))
