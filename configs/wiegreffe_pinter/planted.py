"""The planted corpus: the counter-tests of Wiegreffe & Pinter where the truth is known.

Paper:     Wiegreffe & Pinter (2019), every test; Pruthi et al. (2020), whose models hide the
           evidence.
Command:   python train.py --config=configs/wiegreffe_pinter/planted.py
Duration:  about a quarter of an hour on two cores.
Expected:  every test has a result; planted_sparse.py and planted_redundant.py show what each
           must be.
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
    config.seeds.count = 5
    config.guides.epochs = 20
    config.trained_adversary.epochs = 20
    config.tests = (
        "adversary",
        "exact_adversary",
        "uniform",
        "seeds",
        "guides",
        "trained_adversary",
        "mass_adversary",
    )
    return config
