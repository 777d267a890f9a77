"""What the language model can do before any fine-tuning, over its pre-training.

Paper:     Radford et al. (2018), section 5 and figure 2 (right): CoLA by the mean log-probability
           of a sentence, SST-2 by "positive" or "negative" after "very", RACE by that of each
           answer, Winograd schemas by that of what follows each referent.
Command:   python train.py --config=configs/gpt1/zero_shot.py --config.fine_tuning.start=DIR \
               --config.fine_tuning.dir=DATA --config.zero_shot.winograd=FILE
           (DIR: the work folder of a pre-training with config.pretraining.keep_at, whose kept
           weights are the points of the curves; FILE: the official .xml or one of the formats in
           docs/data.md. Nothing is fine-tuned)
Duration:  minutes for each point on a CPU for a small model.
Expected:  all curves rise with pre-training in the paper; a small model of few books stays near
           guessing, most of all on RACE and Winograd.
"""

from ml_collections import ConfigDict

from attnjax.config import default_config


def get_config() -> ConfigDict:
    """Return the config."""
    config = default_config("fine_tuning")
    config.analyses = ("zero_shot",)
    config.zero_shot.tasks = ("cola", "sst2", "race", "winograd")
    return config
