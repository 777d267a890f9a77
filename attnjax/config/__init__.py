"""The config of a run: frozen dataclasses, and the one way into them.

Outside the package a config is an `ml_collections.ConfigDict` (a file in `configs/`,
changed by flags); inside it is `Config`, which only `resolve` makes.
"""

from attnjax.config.fields import PROTOCOLS
from attnjax.config.gpt_part import PartConfig
from attnjax.config.resolution import resolve
from attnjax.config.sections import (
    JAIN_WALLACE,
    TESTS,
    WIEGREFFE_PINTER,
    AdversaryConfig,
    BootstrapConfig,
    CappedConfig,
    Config,
    DataConfig,
    ExactConfig,
    GradientConfig,
    LeaveOneOutConfig,
    MemoryConfig,
    ModelConfig,
    PermutationConfig,
    ProtocolConfig,
    RandomConfig,
    ReportConfig,
    SelectionConfig,
    TrainingConfig,
    default_config,
    field_names,
)
from attnjax.config.trained import (
    GuidesConfig,
    MassAdversaryConfig,
    SeedsConfig,
    TrainedAdversaryConfig,
)

__all__ = [
    "JAIN_WALLACE",
    "PROTOCOLS",
    "TESTS",
    "WIEGREFFE_PINTER",
    "AdversaryConfig",
    "BootstrapConfig",
    "CappedConfig",
    "Config",
    "DataConfig",
    "ExactConfig",
    "GradientConfig",
    "GuidesConfig",
    "LeaveOneOutConfig",
    "MassAdversaryConfig",
    "MemoryConfig",
    "ModelConfig",
    "PartConfig",
    "PermutationConfig",
    "ProtocolConfig",
    "RandomConfig",
    "ReportConfig",
    "SeedsConfig",
    "SelectionConfig",
    "TrainedAdversaryConfig",
    "TrainingConfig",
    "default_config",
    "field_names",
    "resolve",
]
