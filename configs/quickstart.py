"""The quickstart."""

from ml_collections import ConfigDict

from attnjax.config import default_config


def get_config() -> ConfigDict:
    config = default_config()
    return config
