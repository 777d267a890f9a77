"""The kind "pretraining": a GPT trained as a language model on running text."""

import json
from typing import Any

from attnjax.experiments.gpt.corpus_stages import tokenizer_stage, tokens_stage
from attnjax.experiments.gpt.pretraining_stages import evaluate_stage, pretrain_stage
from attnjax.experiments.gpt.pretraining_work import PretrainingWork, begin, documents_digest
from attnjax.experiments.gpt.yardsticks import yardsticks_stage
from attnjax.experiments.kind import Kind
from attnjax.experiments.stage import Stage
from attnjax.workspace import SCHEMA, read_json, write_json

STAGES = (
    Stage("tokenizer", tokenizer_stage),
    Stage("tokens", tokens_stage, ("tokenizer",)),
    Stage("pretrain", pretrain_stage, ("tokenizer", "tokens")),
    Stage("evaluate", evaluate_stage, ("tokens", "pretrain"), ("sample",)),
    Stage("yardsticks", yardsticks_stage, ("tokens", "pretrain"), ("yardsticks",)),
)

MOST_POINTS = 500
"""Of the training loss in `results.json`; the journal has all of them."""


def _inputs(work: PretrainingWork) -> dict[str, str | None]:
    release = work.release
    return {
        "corpus": documents_digest((*work.training, *work.held_out)),
        "tokenizer": None if release is None else release.byte_pairs.digest,
    }


def _stages(work: PretrainingWork) -> list[Stage]:
    del work
    return list(STAGES)


def _nothing(work: PretrainingWork, stages: list[Stage] | None = None) -> None:
    del work, stages


def write_results(work: PretrainingWork, names: list[str]) -> dict[str, Any]:
    """Write `results.json` from the stages' files and the journal.

    Args:
        work: in progress.
        names: of the finished stages.

    Returns:
        The content of `results.json` (schema in `docs/results.md`).
    """
    folder = work.directory / "stages"
    done = {name: read_json(folder / f"{name}.json") for name in names}
    found = {name: one["summary"] for name, one in done.items()}
    journal = (work.directory / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    lines = [json.loads(line) for line in journal]
    config, pretrained = work.config, found["pretrain"]
    results = {
        "schema": SCHEMA,
        "kind": config.kind,
        "corpus": found["tokens"] | {"dropped": pretrained["dropped"]},
        "tokenizer": found["tokenizer"],
        "model": {
            "encoder": "gpt",
            "mode": config.gpt.mode,
            "layers": config.gpt.num_layers,
            "heads": config.gpt.num_heads,
            "width": config.gpt.width,
            "lstm_units": config.gpt.lstm_units,
            "context": config.gpt.context,
            "parameters": pretrained["parameters"],
        },
        "language_model": {
            **found["evaluate"],
            "steps": pretrained["steps"],
            "tokens_seen": pretrained["tokens_seen"],
            "epochs_seen": pretrained["epochs_seen"],
            "evaluation_limit": config.pretraining.evaluation_limit,
            "curve": curve_of(lines, config.pretraining.batch_size * config.gpt.context),
            "speed": speed_of(lines),
            "yardsticks": found["yardsticks"],
        },
        "seconds": {name: one["seconds"] for name, one in done.items()},
    }
    write_json(work.directory / "results.json", results)
    return results


def curve_of(lines: list[dict[str, Any]], tokens_per_step: int) -> dict[str, list[dict[str, Any]]]:
    """Return the course of a training: its losses, and its scores on what is held out.

    Args:
        lines: of the journal.
        tokens_per_step: predicted.

    Returns:
        "training", thinned out to `MOST_POINTS`, and "held_out", each with steps and tokens.

    Example:
        >>> lines = [{"step": 2, "loss": 3.0}, {"step": 2, "dev": {"perplexity": 9.0}}]
        >>> curve_of(lines, 10)["held_out"]
        [{'step': 2, 'tokens': 20, 'perplexity': 9.0}]
    """
    steps = [line for line in lines if "loss" in line]
    every = -(-len(steps) // MOST_POINTS) or 1
    training = [
        {"step": line["step"], "tokens": line["step"] * tokens_per_step, "loss": line["loss"]}
        for line in steps[::every]
    ]
    names = ("perplexity", "bits_per_character", "sample")
    held_out = [
        {"step": line["step"], "tokens": line["step"] * tokens_per_step}
        | {name: line["dev"][name] for name in names if name in line["dev"]}
        for line in lines
        if "dev" in line
    ]
    return {"training": training, "held_out": held_out}


def speed_of(lines: list[dict[str, Any]]) -> dict[str, float]:
    """Return the medians of what logged steps say of their speed.

    Args:
        lines: of the journal.

    Example:
        >>> speed_of([{"tokens_per_second": 2.0}, {"tokens_per_second": 4.0}, {"step": 1}])
        {'tokens_per_second': 4.0}
    """
    found = {}
    for name in ("tokens_per_second", "mfu"):
        values = sorted(line[name] for line in lines if name in line)
        if values:
            found[name] = values[len(values) // 2]
    return found


PRETRAINING = Kind(begin, _inputs, _stages, _nothing, _nothing, _nothing, write_results)
