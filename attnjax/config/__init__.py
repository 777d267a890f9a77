"""The config of a run: frozen dataclasses, and the one way into them.

Outside the package a config is an `ml_collections.ConfigDict` (a file in `configs/`,
changed by flags); inside it is `Config`, which only `resolve` makes.
"""

from attnjax.config.resolution import resolve
from attnjax.config.sections import (
    PROTOCOLS,
    TESTS,
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

__all__ = [
    "PROTOCOLS",
    "TESTS",
    "AdversaryConfig",
    "BootstrapConfig",
    "CappedConfig",
    "Config",
    "DataConfig",
    "ExactConfig",
    "GradientConfig",
    "LeaveOneOutConfig",
    "MemoryConfig",
    "ModelConfig",
    "PermutationConfig",
    "ProtocolConfig",
    "RandomConfig",
    "ReportConfig",
    "SelectionConfig",
    "TrainingConfig",
    "default_config",
    "field_names",
    "resolve",
]
