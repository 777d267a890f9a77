import dataclasses

import numpy as np
import pytest

from attnjax.config import TESTS, Config, field_names
from attnjax.experiments.identity import identity
from attnjax.experiments.permutation import BINS, by_max_attention
from attnjax.experiments.planted import planted_evidence
from attnjax.experiments.results import _LIMITED
from attnjax.experiments.stages import STAGES, needed
from attnjax.experiments.training import config_of


@pytest.mark.parametrize("test", TESTS)
def test_every_test_is_a_stage_whose_requirements_come_before(test):
    names = [stage.name for stage in needed((test,))]
    assert test in names
    for position, name in enumerate(names):
        assert set(STAGES[name].requires) <= set(names[:position])


def test_every_test_says_what_limits_it():
    assert set(_LIMITED) == set(TESTS)


def test_every_stage_reads_config_sections_that_exist():
    sections = {spec.name for spec in dataclasses.fields(Config)}
    for stage in STAGES.values():
        assert set(stage.sections) <= sections | set(field_names())


def test_where_local_copies_lie_does_not_make_another_run():
    first, second = Config(), Config()
    second = dataclasses.replace(second, data=dataclasses.replace(second.data, dir="elsewhere"))
    assert identity(first) == identity(second)
    other = dataclasses.replace(first, seed=1)
    assert identity(first) != identity(other)


def test_controls_differ_from_the_model_in_one_field():
    config = Config()
    positive = config_of(config, "train_positive_control")
    assert positive.training.guide_weight > 0
    assert positive.model == config.model
    negative = config_of(config, "train_negative_control")
    assert negative.model == dataclasses.replace(config.model, attention="random")
    assert config_of(config, "train") == config


def test_bins_are_closed_at_one_and_lose_nobody():
    maximum = np.array([0.0, 0.1, 0.25, 0.6, 0.75, 1.0, np.float32(1.0000001)])
    bins = by_max_attention(np.arange(7.0), maximum)
    assert [one["n"] for one in bins] == [2, 1, 1, 3]
    assert (bins[0]["low"], bins[-1]["high"]) == (BINS[0], BINS[-1])
    assert bins[-1]["mean"] == pytest.approx(5.0)
    assert by_max_attention(np.zeros(1), np.zeros(1))[3]["mean"] is None


def test_evidence_that_is_ranked_first_is_recovered_and_last_is_not():
    evidence = [np.array([True, False, False, False])] * 2
    first = [np.array([4.0, 3.0, 2.0, 1.0])] * 2
    last = [-one for one in first]
    result = planted_evidence(
        {"attention": first, "gradient": last},
        evidence,
        instance_id=np.arange(2),
        samples=20,
        seed=0,
    )
    assert result.summary["attention"]["precision"]["mean"] == 1.0
    assert result.summary["gradient"]["auprc"]["mean"] == pytest.approx(0.25)
    # Average precision of a random ranking of 1 in 4: (1 + 1/2 + 1/3 + 1/4) / 4.
    assert result.summary["chance"]["auprc"]["mean"] == pytest.approx(25 / 48)
