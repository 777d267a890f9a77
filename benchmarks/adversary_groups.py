"""The adversaries, all timed in the same turns, and one epoch of training."""

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np

from benchmarks import floors, our_adversaries, our_training, ours
from benchmarks.gates import (
    Gate,
    bound_gate,
    candidates_in_float64,
    draw_noise,
    exact_gate,
    search_gate,
    train_in_float64,
    training_gate,
    widened,
)
from benchmarks.table import VARIANTS, Found, Group, Row
from benchmarks.torch_reference import adversaries, training
from benchmarks.torch_reference.model import classifier_from, equal_length_batches, sorted_batches
from benchmarks.workload import Workload, training_workload

SEARCHES = ("search", "search_from_arrays", "search_default", "search_default_from_arrays")
"""Ours; those from arrays begin where the texts are encoded, which the reference does once."""

POSITIVE_WEIGHT = 1.1
"""Of an instance of class 1 in the loss; SST's is near 1."""


def adversary(workload: Workload) -> Group:
    """Return the search and the exact adversary, from texts and from arrays.

    A group of their own, because the search of the reference takes the longest by far and is
    what three of our functions are compared with.
    """
    side = ours.prepare(workload)
    options, epsilon = workload.options, workload.options.epsilon
    noise = draw_noise(workload)
    wide = widened(noise, side.lengths[-1])
    parts = ours.arrays_of(side)
    from_arrays = partial(our_adversaries.search_from_arrays, parts, options.seed)
    functions = {
        "ours_search": partial(our_adversaries.search_as_given, side, wide, steps=options.steps),
        "ours_search_from_arrays": partial(from_arrays, our_adversaries.paper_settings(options)),
        "ours_search_default": partial(our_adversaries.search_default, side),
        "ours_search_default_from_arrays": partial(
            from_arrays, our_adversaries.default_settings(options)
        ),
        "ours_exact": partial(our_adversaries.exact, parts, epsilon=epsilon),
        "ours_exact_from_text": partial(our_adversaries.exact_from_text, side),
        **_references(workload, noise, parts),
    }
    return Group(functions, (*_search_rows(workload), *_exact_rows(workload, parts)), mean_jsd)


def _references(
    workload: Workload, noise: np.ndarray, parts: list[tuple[np.ndarray, ...]]
) -> dict[str, Callable[[], Any]]:
    model, texts, options = classifier_from(workload.state), workload.texts, workload.options
    arrays = [adversaries.arrays_from(part) for part in parts]
    search = partial(
        adversaries.search, model, texts, noise, steps=options.steps, epsilon=options.epsilon
    )

    def exact() -> np.ndarray:
        found = [adversaries.exact(part, options.epsilon) for part in arrays]
        return np.concatenate([part.numpy() for part in found])

    return {
        "exact_solver": exact,
        "exact_solver_from_text": partial(
            adversaries.exact_of_texts, model, texts, epsilon=options.epsilon
        ),
        **{f"search_{variant}": partial(search, variant=variant) for variant in VARIANTS},
    }


def _search_rows(workload: Workload) -> list[Row]:
    options = workload.options
    sizes = floors.sizes_of(workload)
    # The default search ends a text after so many steps without gain: it takes no fewer.
    fewest = our_adversaries.default_settings(options).patience
    of_text = [floors.search(sizes, options.candidates, n) for n in (options.steps, fewest)]
    least = [each for one in of_text for each in (one, floors.from_arrays(one, sizes))]
    # Our side of the comparison is the same for both variants, and is compiled for it alone.
    mine = cache(partial(candidates_in_float64, workload))
    return [
        Row(name, f"ours_{name}", f"search_{variant}", gate, floor)
        for variant in VARIANTS
        for gate in [partial(search_gate, workload, mine, variant)]
        for name, floor in zip(SEARCHES, least, strict=True)
    ]


def _exact_rows(workload: Workload, parts: list[tuple[np.ndarray, ...]]) -> list[Row]:
    sizes = floors.sizes_of(workload)
    names = {"exact": floors.exact(sizes), "exact_from_text": floors.exact_from_text(sizes)}
    same = partial(exact_gate, parts, workload.options.epsilon)
    solvers = {"exact": "exact_solver", "exact_from_text": "exact_solver_from_text"}
    rows = [Row(name, f"ours_{name}", solvers[name], same, names[name]) for name in names]

    def bounded(variant: str, found: Found) -> Gate:
        return bound_gate(found["ours_exact_from_text"], found[f"search_{variant}"].largest_jsd)

    return rows + [
        Row(name, f"ours_{name}", f"search_{variant}", partial(bounded, variant), names[name])
        for variant in VARIANTS
        for name in names
    ]


def mean_jsd(found: Found) -> dict[str, float]:
    """Return the mean over instances of the largest JSD that each function found, in nats."""
    means = {}
    for name, result in found.items():
        if isinstance(result, dict):
            largest = result["largest_jsd"]
        elif isinstance(result, adversaries.Searched):
            largest = result.largest_jsd
        else:
            largest = result
        means[f"mean_jsd.{name}"] = float(np.mean(largest))
    return means


def epoch(workload: Workload) -> Group:
    """Return one epoch of training with the whole embedding table, on texts of its own.

    At most 32 texts a step on both sides. Ours pads to its buckets. The faithful batches are cut
    from the texts sorted by length; the tuned ones have texts of one length only, which is a tenth
    more steps, each of them with PyTorch's fused kernel.
    """
    workload, labels = training_workload(workload.options)
    sizes = floors.sizes_of(workload)
    parameters = sum(array.size for array in workload.state.values())
    floor = floors.epoch(sizes, parameters=parameters, batch=our_training.TRAINING_BATCH)
    trainer = our_training.Trainer(ours.prepare(workload, labels=labels), POSITIVE_WEIGHT)
    functions = {"ours": trainer.epoch}
    functions |= {variant: _torch_epoch(workload, labels, variant) for variant in VARIANTS}
    mine = cache(partial(train_in_float64, workload, labels))
    rows = [
        Row("epoch", "ours", variant, partial(training_gate, workload, mine, variant), floor)
        for variant in VARIANTS
    ]
    return Group(functions, tuple(rows), lambda found: {f"loss.{k}": v for k, v in found.items()})


def _torch_epoch(workload: Workload, labels: np.ndarray, variant: str) -> Callable[[], float]:
    model = classifier_from(workload.state)
    optimizer = training.make_optimizer(model, variant=variant)
    texts, most = workload.texts, our_training.TRAINING_BATCH
    generator = np.random.default_rng(0)

    def run() -> float:
        tuned = variant == "tuned"
        batches = list(equal_length_batches(texts, most) if tuned else sorted_batches(texts, most))
        generator.shuffle(batches)
        given = ((batch, labels[batch.rows.numpy()]) for batch in batches)
        return training.train(model, optimizer, given, positive_weight=POSITIVE_WEIGHT)

    return run
