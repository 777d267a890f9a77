"""The planted corpus with its two controls: one must pass, one must fail.

Beside the run's own BiLSTM two more are trained: one whose attention is pulled onto the
evidence (a score of attention that does not find it is broken) and one whose attention is
frozen noise (a score of attention that finds evidence in it is broken).

Command:   python train.py --config=configs/planted_controls.py
Duration:  about two minutes on two cores.
Expected:  AUPRC of attention at least 0.95 for the positive control, chance for the negative.
"""

from ml_collections import ConfigDict

from attnjax.config import default_config


def get_config() -> ConfigDict:
    """Return the config."""
    config = default_config()
    config.data.name = "planted"
    config.model.embedding_size = 64
    config.model.hidden_size = 64
    config.training.epochs = 5
    config.training.learning_rate = 3e-3
    config.tests = ("planted_evidence", "planted_controls")
    return config
