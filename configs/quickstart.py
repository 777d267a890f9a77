"""The quickstart: a BiLSTM trained on the planted-evidence corpus and put on trial.

Paper:     Jain & Wallace (2019), every test, on a corpus whose evidence is known.
Command:   python train.py
Duration:  about a minute on two cores.
Expected:  test accuracy at least 0.95.
"""

from ml_collections import ConfigDict

from attnjax.config import default_config


def get_config() -> ConfigDict:
    """Return the config."""
    config = default_config()
    config.data.name = "planted"
    config.model.embedding_size = 64
    config.model.hidden_size = 64  # per direction
    config.training.epochs = 5
    config.training.learning_rate = 3e-3
    config.training.batch_size = 32
    config.tests = (*config.tests, "planted_evidence")
    return config
