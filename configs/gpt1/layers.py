"""How much each further pre-trained layer adds: 0 to all of them transferred.

Paper:     Radford et al. (2018), section 5 and figure 2 (left), there on MultiNLI and RACE.
Command:   python train.py --config=configs/gpt1/layers.py --config.fine_tuning.start=DIR
           (DIR: the work folder of a pre-training, or a folder of the release's or of a Hugging
           Face model's files. Files of the task are looked for in config.fine_tuning.dir or
           ATTNJAX_DATA_DIR, else downloaded)
Duration:  as many fine-tunings of five seeds as the model has layers, and two more; choose some
           with config.layers.counts=0,3,6,9,12.
Small:     with a pre-training of configs/gpt1/novels_small.py as DIR a larger rate, such as
           --config.fine_tuning.learning_rate=1e-3: the paper's is for 12 layers, 768 wide.
Expected:  a score that rises with the number of layers, the first step (from nothing to the
           embeddings) included.
"""

from ml_collections import ConfigDict

from attnjax.config import default_config


def get_config() -> ConfigDict:
    """Return the config."""
    config = default_config("fine_tuning")
    config.fine_tuning.task = "mnli"
    config.analyses = ("layers",)
    return config
