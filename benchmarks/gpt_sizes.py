"""How large a GPT and a batch are timed; needs neither JAX nor PyTorch."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """What is measured; every field is a flag of `python -m benchmarks.gpt`.

    Attributes:
        vocabulary: pieces of the release's tokenizer.
        small_vocabulary: pieces of a tokenizer that is trained on a few books.
        layers: blocks.
        width: of a state.
        heads: of a block.
        batch: rows of tokens.
        length: tokens of a row that are predicted.
        rounds: in which every side is timed once.
        row_seconds: on the clock; after so long a row has no more rounds than three.
        threads: cores that both sides may use; 0 for all.
    """

    vocabulary: int = 40_478
    small_vocabulary: int = 512
    layers: int = 4
    width: int = 256
    heads: int = 4
    batch: int = 32
    length: int = 128
    rounds: int = 9
    row_seconds: float = 600.0
    threads: int = 1


QUICK = {
    "vocabulary": 96, "small_vocabulary": 32, "layers": 2, "width": 16, "heads": 2, "batch": 2,
    "length": 8, "rounds": 1,
}  # fmt: skip
"""Fields that `--quick` sets: to see that everything runs and agrees."""
