import pytest

from attnjax.adversaries.settings import SearchSettings, settings_from
from attnjax.config import AdversaryConfig

FOLLOWING = (
    "optimizer_epsilon",
    "filter_epsilon",
    "keep",
    "jsd",
    "amsgrad",
    "starts",
    "constraint",
)
RELEASED = {"starts": "noise", "constraint": "penalty", "keep": "last", "amsgrad": "release"}

# Written out from reference/PAPERS.md, section A1; epsilon is set to 0.02 to tell it from 0.01.
EXPECTED = {
    "paper": SearchSettings(optimizer_epsilon=0.02, filter_epsilon=0.02, jsd="exact", **RELEASED),
    "release": SearchSettings(
        optimizer_epsilon=0.01, filter_epsilon=0.05, jsd="release", **RELEASED
    ),
    "fixed": SearchSettings(
        optimizer_epsilon=0.02,
        filter_epsilon=0.02,
        starts="pairs",
        constraint="projection",
        keep="best",
        jsd="exact",
        amsgrad="optax",
    ),
}


@pytest.mark.parametrize("setting", EXPECTED)
def test_every_protocol_is_made_of_its_own_values(setting):
    config = AdversaryConfig(epsilon=0.02, **dict.fromkeys(FOLLOWING, setting))
    assert settings_from(config) == EXPECTED[setting]


def test_numbers_are_passed_on():
    config = AdversaryConfig(
        candidates=2,
        steps=7,
        learning_rate=0.3,
        penalty=4.0,
        noise=1.5,
        step_size=0.7,
        patience=3,
        **dict.fromkeys(FOLLOWING, "fixed"),
    )
    found = settings_from(config)
    numbers = (found.candidates, found.steps, found.learning_rate, found.penalty, found.noise)
    assert numbers == (2, 7, 0.3, 4.0, 1.5)
    assert (found.step_size, found.patience) == (0.7, 3)
