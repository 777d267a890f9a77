"""Small texts with a structure that can be learnt: who does what, by fixed rules."""

import gzip
import random
from pathlib import Path

NAMES = ("emma", "jane", "pip", "estella", "dorian")
DEEDS = {"emma": "walks", "jane": "reads", "pip": "runs", "estella": "laughs", "dorian": "paints"}


def book(seed: int, sentences: int) -> str:
    draw = random.Random(seed)
    lines = []
    for _ in range(sentences):
        name = draw.choice(NAMES)
        lines.append(f"{name.capitalize()} {DEEDS[name]}, and {draw.choice(NAMES)} looks on.")
    return "\n".join(lines) + "\n"


def write_books(folder: Path) -> Path:
    """Write three books into a folder, one of them gzipped, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "first.txt").write_text(book(0, 150))
    (folder / "second.txt.gz").write_bytes(gzip.compress(book(1, 100).encode()))
    (folder / "third.txt").write_text(book(2, 60))
    return folder
