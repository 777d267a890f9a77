"""CoLA: whether a sentence is acceptable; one text, one sequence.

Paper:     Radford et al. (2018), section 4.1: 3 epochs, batches of 32, rate 6.25e-5 with linear
           decay and a warm-up of 0.2%, lambda 0.5, dropout 0.1. Five seeds; the paper has one.
Command:   python train.py --config=configs/gpt1/finetune_cola.py --config.fine_tuning.start=DIR
           (DIR: the work folder of a pre-training, or a folder of the release's or of a Hugging
           Face model's files; without it the weights begin anew. Files of the task are looked
           for in config.fine_tuning.dir or ATTNJAX_DATA_DIR, else downloaded)
Duration:  a minute a seed on a GPU (8,551 sentences, all short).
Small:     with a pre-training of configs/gpt1/novels_small.py as DIR a larger rate, such as
           --config.fine_tuning.learning_rate=1e-3: the paper's is for 12 layers, 768 wide.
Expected:  Matthews correlation 0.454 in the paper (table 4), 0.189 without pre-training.
"""

from ml_collections import ConfigDict

from attnjax.config import default_config


def get_config() -> ConfigDict:
    """Return the config."""
    config = default_config("fine_tuning")
    config.fine_tuning.task = "cola"
    return config
