"""A run small enough for tests: every test that trains other models, on a tiny corpus."""

from ml_collections import ConfigDict

from attnjax.config import WIEGREFFE_PINTER
from tests.toy_config import get_config as get_toy_config


def get_config() -> ConfigDict:
    """Return the config."""
    config = get_toy_config()
    config.model.encoder = "average"
    config.training.epochs = 2
    config.seeds.count = 3
    config.trained_adversary.lambdas = (0.001, 0.1)
    config.trained_adversary.epochs = 2
    config.mass_adversary.weights = (0.1, 10.0)
    config.tests = ("adversary", "exact_adversary", *WIEGREFFE_PINTER)
    return config
