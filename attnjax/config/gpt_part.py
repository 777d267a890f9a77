"""Which weights of a GPT are put on trial."""

from dataclasses import dataclass

from attnjax.config.fields import choice, number


@dataclass(frozen=True)
class PartConfig:
    """What of a GPT's attention is perturbed; the other weights stay what they are."""

    layer: int = number(-1, -1000, 1000)  # 1 is the first, -1 the last; 0: all layers
    head: int = number(0, 0, 1000)  # 1 is the first; 0: all heads
    # classify: where the token looks whose state the task's layer reads; all: every position
    rows: str = choice("classify", ("classify", "all"))
