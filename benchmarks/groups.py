"""What is measured: for each measure both sides' functions, and what shows that they agree."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import scipy.stats

from benchmarks import floors, ours
from benchmarks.adversary_groups import adversary, epoch
from benchmarks.floors import Floor
from benchmarks.gates import Gate, difference, permutation_gate
from benchmarks.table import VARIANTS, Found, Group, Row
from benchmarks.torch_reference import measures
from benchmarks.torch_reference.model import classifier_from
from benchmarks.workload import Workload


def evaluation(workload: Workload) -> Group:
    """Return the outputs of all texts."""
    floor = floors.encoding(floors.sizes_of(workload))
    return _plain("evaluation", workload, ours.evaluate, measures.evaluate, floor=floor)


def gradient(workload: Workload) -> Group:
    """Return gradient importance."""
    floor = floors.gradient(floors.sizes_of(workload))
    return _plain("gradient", workload, ours.gradient, measures.gradient, floor=floor)


def leave_one_out(workload: Workload) -> Group:
    """Return the deletion of every token.

    In the long setting of a few texts only, and without the faithful variant: a pass of 1,000
    steps for each of 998 positions takes minutes whatever the batch.
    """
    variants = VARIANTS
    if workload.setting == "long":
        workload, variants = workload.first(workload.options.erased), ("tuned",)
    floor = floors.leave_one_out(floors.sizes_of(workload))
    return _plain(
        "leave_one_out",
        workload,
        ours.erase,
        measures.leave_one_out,
        floor=floor,
        variants=variants,
    )


def _plain(
    name: str,
    workload: Workload,
    our_function: Callable[[ours.Ours], np.ndarray],
    reference: Callable[..., np.ndarray],
    *,
    floor: Floor,
    variants: Sequence[str] = VARIANTS,
) -> Group:
    """Return a measure whose results themselves are compared, all of them."""
    side, model = ours.prepare(workload), classifier_from(workload.state)

    def gate(variant: str, found: Found) -> Gate:
        return difference(found["ours"], found[variant], f"all {len(workload.texts)} texts")

    return Group(
        {
            "ours": partial(our_function, side),
            **{v: partial(reference, model, workload.texts, variant=v) for v in variants},
        },
        tuple(Row(name, "ours", v, partial(gate, v), floor) for v in variants),
    )


def permutations(workload: Workload) -> Group:
    """Return shuffled attention; timed with each side's own random numbers."""
    side, model = ours.prepare(workload), classifier_from(workload.state)
    count = workload.options.permutations
    sizes = floors.sizes_of(workload)
    floor = floors.permutations(sizes, count)
    without = floors.from_arrays(floor, sizes)
    reference = partial(measures.median_permuted_change, model, workload.texts, count=count)
    parts = ours.arrays_of(side)
    return Group(
        {
            "ours": partial(ours.permute, side),
            "ours_from_arrays": partial(ours.permute_from_arrays, parts, workload.options),
            **{v: partial(reference, variant=v) for v in VARIANTS},
        },
        tuple(
            Row(name, mine, v, partial(permutation_gate, workload, v), least)
            for name, mine, least in (
                ("permutations", "ours", floor),
                ("permutations_from_arrays", "ours_from_arrays", without),
            )
            for v in VARIANTS
        ),
    )


def tau(workload: Workload) -> Group:
    """Return the table of Kendall's tau between attention and the gradient's absolute value."""
    side = ours.prepare(workload)
    scores = np.abs(ours.gradient(side))
    attention = ours.attention(side)
    parts = []
    for batch in side.batches:
        ids = batch.inputs.instance_id[batch.valid]
        where = batch.inputs.attendable[batch.valid, 0]
        length = where.shape[1]
        parts.append((attention[ids, :length], scores[ids, :length], where))

    def scipy_loop() -> np.ndarray:
        found = [
            scipy.stats.kendalltau(x[here], y[here])
            for part in parts
            for x, y, here in zip(*part, strict=True)
        ]
        return np.array([tuple(one) for one in found])

    def gate(found: Found) -> Gate:
        return difference(found["ours"], found["scipy"], f"all {len(workload.texts)} tau and p")

    row = Row("tau", "ours", "scipy", gate, floors.taus(floors.sizes_of(workload)))
    return Group({"ours": partial(ours.taus, parts), "scipy": scipy_loop}, (row,))


GROUPS: dict[str, Callable[[Workload], Group]] = {
    "evaluation": evaluation,
    "gradient": gradient,
    "leave_one_out": leave_one_out,
    "permutations": permutations,
    "tau": tau,
    "adversary": adversary,
    "epoch": epoch,
}
"""All measures by name."""
