"""The one table where the kind in a config becomes functions."""

from attnjax.config import AnyConfig, Config, PretrainingRun
from attnjax.experiments.kind import Kind


def kind_of(config: AnyConfig) -> Kind:
    """Return what a config's kind of run consists of.

    Args:
        config: resolved.

    Example:
        >>> from attnjax.config import resolve
        >>> kind_of(resolve({})).begin.__module__
        'attnjax.experiments.classifier'
    """
    # A run imports what belongs to its kind alone.
    if isinstance(config, Config):
        from attnjax.experiments.classifier import CLASSIFIER

        return CLASSIFIER
    if isinstance(config, PretrainingRun):
        from attnjax.experiments.gpt.pretraining import PRETRAINING

        return PRETRAINING
    from attnjax.experiments.gpt.fine_tuning import FINE_TUNING

    return FINE_TUNING
