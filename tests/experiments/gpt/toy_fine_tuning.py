"""A fine-tuning small enough for a test: toy files of a task, a toy model to start from."""

import gzip
import json
from pathlib import Path

import jax
import numpy as np
from ml_collections import ConfigDict

from attnjax.cli import main
from attnjax.config import default_config
from attnjax.data.gpt.byte_pairs import write_byte_pairs
from attnjax.data.gpt.tokenizer import Tokenizer
from attnjax.data.gpt.trained_pairs import train_byte_pairs
from attnjax.experiments.gpt.starting_point import digest_of
from attnjax.models.gpt.model import init_params
from attnjax.models.gpt.settings import GPTSettings
from attnjax.models.gpt.weights import export
from attnjax.models.gpt.weights_huggingface import write_huggingface

ROOT = Path(__file__).resolve().parents[3]

GOOD, BAD = ("fine", "bright", "warm"), ("dull", "grey", "cold")
THINGS = ("film", "story", "play", "day")
LAYERS, WIDTH, CONTEXT = 2, 16, 24


def texts(count, seed=0):
    """Return texts of a good or a bad thing, and which it is."""
    generator = np.random.default_rng(seed)
    found = []
    for _ in range(count):
        label = int(generator.integers(2))
        word = generator.choice((BAD, GOOD)[label])
        found.append((f"a {word} {generator.choice(THINGS)}", label))
    return found


def toy_tokenizer() -> Tokenizer:
    """Return pieces learnt from the toy texts, and of the two words of SST-2's question."""
    lines = [text for text, _ in texts(200)] + ["very positive negative"] * 20
    return Tokenizer(train_byte_pairs(lines, 120), "original")


def write_sst2(folder: Path, count: int = 24) -> None:
    """Write SST-2's official files: a header, a sentence and its label."""
    place = folder / "glue" / "SST-2"
    place.mkdir(parents=True, exist_ok=True)
    for part, seed in (("train", 0), ("dev", 1)):
        rows = [f"{text}\t{label}" for text, label in texts(count, seed)]
        (place / f"{part}.tsv").write_text("\n".join(["sentence\tlabel", *rows]) + "\n")


def write_cola(folder: Path, count: int = 24) -> None:
    """Write CoLA's raw files: source, label, mark and sentence, without a header."""
    place = folder / "glue" / "CoLA"
    place.mkdir(parents=True, exist_ok=True)
    for part, seed in (("train", 2), ("dev", 3)):
        rows = [f"gj04\t{label}\t*\t{text}" for text, label in texts(count, seed)]
        (place / f"in_domain_{part}.tsv").write_text("\n".join(rows) + "\n")


def write_stsb(folder: Path, count: int = 24) -> None:
    """Write STS-B's official files: the score is 5 for the same kind of thing, else 0.5."""
    place = folder / "glue" / "STS-B"
    place.mkdir(parents=True, exist_ok=True)
    for part, seed in (("train", 0), ("dev", 1), ("test", 2)):
        rows = []
        pairs = zip(texts(count, seed), texts(count, seed + 9), strict=True)
        for number, ((first, one), (second, other)) in enumerate(pairs):
            score = 5.0 if one == other else 0.5
            rows.append(f"main\tfile\t2012\t{number}\t{score}\t{first}\t{second}")
        (place / f"sts-{part}.tsv").write_text("\n".join(rows) + "\n")


def write_dream(folder: Path, count: int = 8) -> None:
    """Write DREAM's official files: dialogues with questions of three choices."""
    place = folder / "dream"
    place.mkdir(parents=True, exist_ok=True)
    for part, seed in (("train", 0), ("dev", 1), ("test", 2)):
        made = [
            [
                [f"M: {text}", "W: so it is."],
                [{"question": "what is it?", "choice": ["fine", "dull", "warm"],
                  "answer": ("dull", "fine")[label]}],
                f"{part}-{number}",
            ]
            for number, (text, label) in enumerate(texts(count, seed))
        ]  # fmt: skip
        with gzip.open(place / f"{part}.json.gz", "wt") as file:
            json.dump(made, file)


def toy_settings(tokenizer: Tokenizer, **fields) -> GPTSettings:
    sizes = {"num_layers": LAYERS, "num_heads": 2, "width": WIDTH, "context": CONTEXT}
    return GPTSettings(len(tokenizer.byte_pairs.pieces), **(sizes | fields))


def write_weights(folder: Path, *, seed: int = 0, **fields) -> Tokenizer:
    """Write random weights and their tokenizer as Hugging Face's folders have them."""
    tokenizer = toy_tokenizer()
    settings = toy_settings(tokenizer, mode="standard", **fields)
    params = jax.jit(init_params, static_argnums=0)(settings, jax.random.key(seed))
    write_huggingface(folder, params, settings)
    write_byte_pairs(tokenizer.byte_pairs, folder)
    return tokenizer


def write_pretraining(folder: Path, *, steps: tuple[int, ...] = (2, 5), **fields) -> Tokenizer:
    """Write what a pre-training leaves in its work folder, with weights kept on the way."""
    tokenizer = toy_tokenizer()
    settings = toy_settings(tokenizer, **fields)
    for number, step in enumerate(steps):
        params = jax.jit(init_params, static_argnums=0)(settings, jax.random.key(number))
        place = folder / ("weights" if step == steps[-1] else f"snapshots/{step}")
        write_huggingface(place, params, settings)
    arrays = export(params, settings).arrays
    config = default_config("pretraining")
    config.gpt.update(
        num_layers=LAYERS, num_heads=2, width=WIDTH, context=CONTEXT, **_of_config(fields)
    )
    write_byte_pairs(tokenizer.byte_pairs, folder / "tokenizer")
    record = {"schema": 1, "seed": 0, "identity": {"kind": "pretraining"}, "inputs": {}}
    _write(folder / "config.json", record | {"config": config.to_dict()})
    summary = {"steps": steps[-1], "params_sha256": digest_of(arrays)}
    _write(folder / "stages" / "pretrain.json", {"schema": 1, "summary": summary})
    return tokenizer


def _of_config(fields):
    return {name: value for name, value in fields.items() if name in ("lstm_units", "mode")}


def _write(path: Path, value) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value))


def get_config() -> ConfigDict:
    """Return the config; where files lie is left to the command line."""
    config = default_config("fine_tuning")
    config.fine_tuning.task = "sst2"
    config.fine_tuning.epochs = 1
    config.fine_tuning.batch_size = 8
    config.fine_tuning.learning_rate = 1e-3
    config.fine_tuning.seeds = 2
    config.fine_tuning.log_every = 2
    config.bootstrap.samples = 50
    return config


def run(workdir: Path, **fields) -> int:
    """Run the command on this config; a field's name has __ for the dot between sections."""
    given = [f"--config.{name.replace('__', '.')}={value}" for name, value in fields.items()]
    return main([f"--config={__file__}", f"--workdir={workdir}", *given], root=ROOT)
