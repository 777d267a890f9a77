"""A run small enough for tests: every test of a trained model on a tiny planted corpus."""

from ml_collections import ConfigDict

from attnjax.config import JAIN_WALLACE, default_config


def get_config() -> ConfigDict:
    """Return the config."""
    config = default_config()
    config.data.name = "planted"
    config.data.size = 100
    config.data.num_buckets = 1
    config.model.embedding_size = 8
    config.model.hidden_size = 8
    config.training.epochs = 3
    config.training.batch_size = 16
    config.training.checkpoint_every = 3
    config.training.log_every = 2
    config.adversary.candidates = 2
    config.adversary.steps = 30
    config.permutation.count = 10
    config.bootstrap.samples = 50
    config.tests = JAIN_WALLACE
    return config
