"""The planted corpus, only sentences in which one clause decides.

Paper:     Wiegreffe & Pinter (2019), every test. Where evidence is sparse attention has to
           find it; where it is redundant it does not matter where attention goes.
Command:   python train.py --config=configs/wiegreffe_pinter/planted_sparse.py
           (with --config.model.encoder=average --config.training.epochs=20: states that
           know one word each)
Duration:  about a quarter of an hour on two cores.
Expected:  the base guide beats the uniform guide.
"""

from ml_collections import ConfigDict

from attnjax.config import default_config


def get_config() -> ConfigDict:
    """Return the config."""
    config = default_config()
    config.data.name = "planted"
    config.data.planted = "sparse"
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
