"""What each measure cannot do without: operations, bytes moved, elementary functions.

Counted over the real positions of each text, start and end included, padding never. `n` is a
text's positions, `m = n - 2` its tokens, E the width of an embedding, H the units of each
direction, D = 2H the width of a state. Multiply and add count as two operations. An elementary
function is one exponential or logarithm (a sigmoid or a tanh needs one).
"""

from typing import NamedTuple

import numpy as np

from benchmarks.machine import Peaks
from benchmarks.workload import Workload

WORDS_OF_AMSGRAD = 10
"""Numbers moved for each parameter and step: the gradient is written and read, the parameter, both
moments and the maximum are read and written."""


class Floor(NamedTuple):
    """What one run of a measure needs at least.

    Attributes:
        flops: operations.
        bytes: moved to and from main memory.
        elementary: exponentials and logarithms.
        formula: where the largest of them comes from.
    """

    flops: float = 0.0
    bytes: float = 0.0
    elementary: float = 0.0
    formula: str = ""

    def seconds(self, peaks: Peaks) -> float:
        """Return the time that the scarcest of the three takes on a machine."""
        return max(
            self.flops / peaks.flops,
            self.bytes / peaks.bytes,
            self.elementary / peaks.elementary,
        )


class Sizes(NamedTuple):
    """Texts and model in numbers."""

    positions: np.ndarray
    embedding: int
    hidden: int

    @property
    def tokens(self) -> np.ndarray:
        """Real tokens of each text."""
        return self.positions - 2


def sizes_of(workload: Workload) -> Sizes:
    """Return the sizes of a workload."""
    table = workload.state["encoder.embedding.weight"]
    hidden = workload.state["encoder.rnn.weight_hh_l0"].shape[1]
    return Sizes(workload.lengths.astype(np.float64), table.shape[1], hidden)


def encoding(sizes: Sizes) -> Floor:
    """Return the cost of one pass: 2 n (E + H) 4H 2 of the LSTM, 2 n D H of the attention."""
    n, e, h = sizes
    flops = 2 * n * (e + h) * 4 * h * 2 + 2 * n * 2 * h * h + 6 * n * h
    # Three sigmoids and two tanhs a unit and direction, one tanh a unit of the attention.
    return Floor(flops.sum(), 0, (n * h * 11).sum(), "2 n (E + H) 4H 2 + 2 n D H")


def gradient(sizes: Sizes) -> Floor:
    """Return the cost of a pass there and back to the embeddings: no gradient of weights."""
    once = encoding(sizes)
    return Floor(2 * once.flops, 0, once.elementary, "2 x a pass")


def leave_one_out(sizes: Sizes) -> Floor:
    """Return the cost of m deletions of which each shares its prefix and suffix with the text.

    The input projection is computed once. A deletion at i needs n - 1 - i new steps of the forward
    and i of the backward direction: n - 1 steps in all, of 2 H 4H operations, and the attention's
    product of the states that are new.
    """
    n, _, h = sizes
    m = sizes.tokens
    steps = m * (n - 1)
    once = encoding(sizes)
    flops = once.flops + (steps * (2 * h * 4 * h + 2 * h * h)).sum()
    elementary = once.elementary + (steps * (5 * h + h)).sum()
    return Floor(flops, 0, elementary, "a pass + m (n - 1) (2 H 4H + 2 H H)")


def permutations(sizes: Sizes, count: int) -> Floor:
    """Return the cost of a pass and `count` products of m weights and values; no drawing."""
    once = encoding(sizes)
    extra = 2 * count * sizes.tokens.sum()
    return Floor(once.flops + extra, 0, once.elementary, "a pass + 2 P m (drawing not counted)")


def search(sizes: Sizes, candidates: int, steps: int) -> Floor:
    """Return the cost of one exponential and two logarithms a weight and step, and a pass.

    The logarithms: of the mean with the model's own attention, and of the product of the means with
    the other candidates. About 40 + 2 K operations a weight: loss, slope, AMSGrad.
    """
    once = encoding(sizes)
    weights = steps * candidates * sizes.tokens.sum()
    flops = once.flops + weights * (40 + 2 * candidates)
    return Floor(flops, 0, once.elementary + 3 * weights, "a pass + 3 elementary x steps K m")


def from_arrays(floor: Floor, sizes: Sizes) -> Floor:
    """Return the cost of what begins with a pass when its results are given."""
    once = encoding(sizes)
    return floor._replace(
        flops=floor.flops - once.flops,
        elementary=floor.elementary - once.elementary,
        formula=floor.formula.removeprefix("a pass + "),
    )


def exact(sizes: Sizes) -> Floor:
    """Return the cost of four logarithms for each pair of tokens and end of the interval."""
    pairs = (sizes.tokens * (sizes.tokens - 1)).sum()
    return Floor(20 * pairs, 0, 4 * pairs, "4 elementary x m (m - 1)")


def exact_from_text(sizes: Sizes) -> Floor:
    """Return the cost of a pass and the exact adversary."""
    once, pairs = encoding(sizes), exact(sizes)
    return Floor(
        once.flops + pairs.flops,
        0,
        once.elementary + pairs.elementary,
        "a pass + 4 elementary x m (m - 1)",
    )


def taus(sizes: Sizes) -> Floor:
    """Return the cost of comparing every pair twice and adding up three counts."""
    pairs = (sizes.tokens * (sizes.tokens - 1)).sum() / 2
    return Floor(8 * pairs, 0, 0, "8 m (m - 1) / 2")


def epoch(sizes: Sizes, *, parameters: int, batch: int) -> Floor:
    """Return the cost of three passes' operations, and AMSGrad's bytes over all parameters."""
    once = encoding(sizes)
    steps = np.ceil(len(sizes.positions) / batch)
    moved = steps * parameters * WORDS_OF_AMSGRAD * 4
    return Floor(3 * once.flops, moved, once.elementary, "steps x parameters x 10 x 4 bytes")
