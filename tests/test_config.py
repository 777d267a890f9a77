import dataclasses

import pytest

from attnjax.config import Config, default_config, field_names, resolve
from attnjax.errors import ConfigError, UserErrors


def test_every_default_is_within_its_own_range():
    # `fixed` is the default protocol: no field may stay undecided.
    config = resolve(default_config())
    assert "protocol" not in [str(value) for value in _leaves(dataclasses.asdict(config))]


def _leaves(nested):
    for value in nested.values():
        yield from _leaves(value) if isinstance(value, dict) else [value]


@pytest.mark.parametrize("setting", ["paper", "release", "fixed"])
def test_protocol_decides_every_following_field(setting):
    config = resolve({"protocol": {"setting": setting}})
    assert config.adversary.keep == setting
    assert config.training.amsgrad == setting


def test_a_field_of_its_own_wins_over_the_protocol():
    config = resolve({"protocol": {"setting": "release"}, "adversary": {"keep": "fixed"}})
    assert (config.adversary.keep, config.adversary.jsd) == ("fixed", "release")


def test_all_mistakes_are_reported_together():
    raw = {
        "seed": -1,
        "model": {"encoder": "lsmt", "layers": 2},
        "training": {"learning_rate": float("nan")},
        "tests": ["permutatoin"],
        "data": 3,
    }
    with pytest.raises(UserErrors) as caught:
        resolve(raw)
    text = str(caught.value)
    assert len(caught.value.errors) == 6
    for part in (
        "config.seed: found -1",
        "did you mean 'lstm'?",
        "config.model.layers: found an unknown field",
        "config.training.learning_rate: found nan",
        "did you mean 'permutation'?",
        "config.data: found 3",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ({"seed": True}, "expected a whole number"),
        ({"seed": 0.5}, "expected a whole number"),
        ({"adversary": {"epsilon": 0.0}}, "above 0.0 and at most 1.0"),
        ({"adversary": {"epsilon": "a"}}, "expected a number"),
        ({"data": {"lowercase": 1}}, "expected true or false"),
        ({"exact": {"epsilons": (0.1, 0.0)}}, "config.exact.epsilons: found 0.0"),
        ({"exact": {"epsilons": (0.1, "x")}}, "found 'x'; expected a number"),
        ({"exact": {"epsilons": 1.5}}, "above 0.0 and at most 1.0"),
        ({"data": {"name": "tfds"}}, "config.data.tfds_name"),
        ({"data": {"name": "file"}}, "config.data.path"),
        ({"data": {"dev_fraction": 0.5, "test_fraction": 0.6}}, "less than 1"),
        ({"training": {"epochs": 0}}, "where model.weights names no trained weights"),
        ({"data": {"name": "sst"}, "tests": ["planted_evidence"]}, "planted corpus"),
        ({"trained_adversary": {"lambdas": []}}, "lambdas: found no number; expected at least 1"),
        ({"trained_adversary": {"lambdas": [-1e-3]}}, "lambdas: found -0.001; expected at least 0"),
        ({"mass_adversary": {"weights": ()}}, "weights: found no number"),
        ({"seeds": {"count": 1}}, "config.seeds.count: found 1; expected at least 2"),
        ({"seeds": {"values": [1, 2.5]}}, "found 2.5; expected a whole number"),
        ({"seeds": {"values": [4]}, "tests": ["seeds"]}, "found one seed; expected at least 2"),
        ({"seeds": {"values": [0, 4]}, "tests": ["seeds"]}, "found 0, which is config.seed"),
        ({"model": {"attention": "uniform"}, "tests": ["uniform"]}, "attention that is learnt"),
        (
            {"training": {"epochs": 0}, "model": {"weights": "a.npz"}, "tests": ["guides"]},
            "guides train other models",
        ),
        ({"data": {"name": "sst"}, "tests": ["mass_adversary"]}, "'evidence' on data 'sst'"),
        ({"data": {"name": "babi"}, "tests": ["mass_adversary"]}, "'evidence' on data 'babi'"),
        ({"data": {"name": "cnn", "digits": "replace"}}, "'replace' on data 'cnn'"),
        (
            {"mass_adversary": {"marked": "words"}, "tests": ["mass_adversary"]},
            "name a file with one word a line",
        ),
        (
            {"mass_adversary": {"words_file": "a.txt"}, "tests": ["mass_adversary"]},
            "none with another",
        ),
        ({"data": {"question_column": "q"}}, "question_column: found set for data 'planted'"),
        (
            {"data": {"path": "a.csv", "candidates_column": "c"}},
            "question_column: found '' beside config.data.candidates_column 'c'",
        ),
        ({"selection": {"score": "f1"}}, "one of auto, auc, accuracy, loss"),
        ({"data": {"planted": "dense"}}, "one of mixed, sparse, redundant"),
    ],
)
def test_each_impossible_value_has_a_message(raw, message):
    with pytest.raises(ConfigError, match=message):
        resolve(raw)


def test_an_int_is_a_fine_float():
    assert resolve({"adversary": {"epsilon": 1}}).adversary.epsilon == 1.0


def test_several_numbers_come_in_order_and_once():
    assert resolve({"exact": {"epsilons": [1, 0.1, 0.1]}}).exact.epsilons == (0.1, 1.0)
    assert resolve({"exact": {"epsilons": 0.1}}).exact.epsilons == (0.1,)


@pytest.mark.parametrize("seeds", [{"count": 8}, {"values": (1, 2)}])
def test_the_seeds_after_the_last_one_are_none(seeds):
    raw = {"seed": 2**31 - 1, "seeds": seeds, "tests": ["seeds"]}
    with pytest.raises(ConfigError, match="seeds after it the last is above 2147483647"):
        resolve(raw)


def test_seeds_may_be_named():
    assert resolve({"seeds": {"values": [257, 50]}}).seeds.values == (50, 257)


def test_a_path_means_a_file():
    assert resolve({"data": {"path": "reviews.csv"}}).data.name == "file"


def test_field_names_are_those_of_the_dataclasses():
    names = list(field_names())
    assert {"seed", "tests", "data.path", "adversary.epsilon"} <= set(names)
    assert len(names) == sum(
        len(dataclasses.fields(section)) if dataclasses.is_dataclass(section) else 1
        for section in vars(Config()).values()
    )


def test_generated_stories_know_their_evidence():
    config = resolve(
        {"data": {"name": "babi", "stories": "generated"}, "tests": ["mass_adversary"]}
    )
    assert config.mass_adversary.marked == "evidence"
