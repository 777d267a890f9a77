"""The kinds of runs that a config may describe."""

import dataclasses
from pathlib import Path

import pytest

from attnjax.commandline import parse, usage
from attnjax.config import (
    ROOTS,
    Config,
    FineTuningRun,
    PretrainingRun,
    default_config,
    field_names,
    resolve,
)
from attnjax.errors import ConfigError
from attnjax.experiments.identity import identity

CONFIGS = Path(__file__).resolve().parents[1] / "configs"
CORPUS = {"paths": ["books"], "held_out": ["emma"]}


def test_a_config_without_a_kind_is_a_classifier():
    assert isinstance(resolve({}), Config)
    assert isinstance(resolve({"kind": "fine_tuning"}), FineTuningRun)
    assert isinstance(resolve({"kind": "pretraining", "corpus": CORPUS}), PretrainingRun)


@pytest.mark.parametrize("kind", ROOTS)
def test_every_default_is_within_its_own_range(kind):
    raw = default_config(kind)
    if kind == "pretraining":
        raw.corpus.paths, raw.corpus.held_out = ("books",), ("emma",)
    config = resolve(raw)
    assert config.kind == kind
    assert "protocol" not in str(dataclasses.astuple(config)).replace("protocol=", "")


def test_an_unknown_kind_is_refused_with_the_nearest_one():
    with pytest.raises(ConfigError, match="did you mean 'pretraining'"):
        resolve({"kind": "pretrainig"})
    with pytest.raises(ConfigError, match="one of classifier, pretraining, fine_tuning"):
        default_config("gpt")


def test_a_kind_has_only_its_own_fields():
    with pytest.raises(ConfigError, match=r"config\.model: found an unknown field"):
        resolve({"kind": "pretraining", "corpus": CORPUS, "model": {"encoder": "lstm"}})
    with pytest.raises(ConfigError, match=r"config\.gpt: found an unknown field"):
        resolve({"gpt": {"width": 8}})


def test_the_identity_of_a_classifier_is_what_it_was():
    """Folders of earlier versions, which knew no kinds, stay usable."""
    names = {"seed", "protocol", "data", "model", "training", "selection"}
    assert set(identity(Config())) == names


def test_where_texts_lie_and_how_fast_it_goes_make_no_other_run():
    first = PretrainingRun()
    moved = dataclasses.replace(
        first,
        corpus=dataclasses.replace(first.corpus, paths=("elsewhere",), cache="there"),
        gpt=dataclasses.replace(first.gpt, recompute=True),
        pretraining=dataclasses.replace(first.pretraining, model_devices=4),
    )
    assert identity(first) == identity(moved)
    longer = dataclasses.replace(first.pretraining, epochs=7)
    assert identity(first) != identity(dataclasses.replace(first, pretraining=longer))


def test_help_lists_the_fields_of_every_kind():
    printed = usage(CONFIGS)
    for root in ROOTS.values():
        assert all(f"--config.{name}=" in printed for name in field_names(root()))


def test_words_are_read_as_words():
    """Names keep their brackets, and an empty default is no reason to look for numbers."""
    typed = ["--config.corpus.tfds=lm1b:train[:1%],lm1b:test[:1%]", "--config.corpus.held_out=1984"]
    config = parse([f"--config={CONFIGS / 'gpt1' / 'novels_small.py'}", *typed], configs=CONFIGS)
    assert isinstance(config.config, PretrainingRun)
    assert config.config.corpus.tfds == ("lm1b:train[:1%]", "lm1b:test[:1%]")
    assert config.config.corpus.held_out == ("1984",)


@pytest.mark.parametrize("file", sorted((CONFIGS / "gpt1").glob("*.py")), ids=lambda one: one.stem)
def test_every_shipped_config_resolves(file):
    assert parse([f"--config={file}"], configs=CONFIGS).config.kind in ROOTS
