"""Which trainings a run consists of: the model itself, and what the paper compares it with."""

from collections.abc import Sequence
from typing import NamedTuple

NOTHING, ALL = -1, None
"""Layers transferred: nothing at all, not even the table; or every one."""


class Variant(NamedTuple):
    """One way to train the model on the task.

    Attributes:
        name: of its stages; without "seed".
        layers: transferred; 0: the table of embeddings alone; `NOTHING`; `ALL`.
        auxiliary: whether the language model's loss stands beside the task's.
        lstm: whether it is the LSTM that stands in place of the transformer.
    """

    name: str
    layers: int | None = ALL
    auxiliary: bool = True
    lstm: bool = False


FULL = Variant("fine_tune")
NO_PRETRAINING = Variant("no_pretraining", layers=NOTHING)
NO_AUXILIARY = Variant("no_auxiliary", auxiliary=False)
LSTM = Variant("lstm", lstm=True)


def ablated(*, lstm: bool) -> tuple[Variant, ...]:
    """Return the rows of the paper's table 5, the full model first.

    Args:
        lstm: whether a pre-trained LSTM is at hand.

    Source: Radford et al. (2018), table 5.

    Example:
        >>> [one.name for one in ablated(lstm=False)]
        ['fine_tune', 'no_pretraining', 'no_auxiliary']
    """
    return (FULL, NO_PRETRAINING, NO_AUXILIARY, *((LSTM,) if lstm else ()))


def by_layers(
    counts: Sequence[int], *, num_layers: int, transferred: int | None = ALL
) -> dict[int, Variant]:
    """Return trainings by the number of layers transferred, none first.

    Two of them are trainings that other analyses have too, so they share their stages: nothing
    transferred is `NO_PRETRAINING`, and as many layers as the model itself is given are `FULL`.

    Args:
        counts: -1 for nothing, 0 for the table of embeddings, up to the model's layers; empty
            for all of these.
        num_layers: of the model.
        transferred: how many of them the model itself is given; None: all.

    Source: Radford et al. (2018), figure 2 (left).

    Example:
        >>> {count: one.name for count, one in by_layers((), num_layers=2).items()}
        {-1: 'no_pretraining', 0: 'layers_0', 1: 'layers_1', 2: 'fine_tune'}
        >>> [one.name for one in by_layers((0, 2), num_layers=2, transferred=0).values()]
        ['fine_tune', 'layers_2']
    """
    chosen = sorted(set(counts) or range(NOTHING, num_layers + 1))
    shared = {NOTHING: NO_PRETRAINING, num_layers if transferred is ALL else transferred: FULL}
    return {one: shared.get(one, Variant(f"layers_{one}", layers=one)) for one in chosen}


def stage_name(variant: Variant, seed: int) -> str:
    """Return the name of the stage that trains a variant with a seed.

    Example:
        >>> stage_name(NO_AUXILIARY, 3)
        'no_auxiliary_seed3'
    """
    return f"{variant.name}_seed{seed}"
