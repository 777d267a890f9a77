"""What each part is worth: without pre-training, without the auxiliary loss, an LSTM.

Paper:     Radford et al. (2018), section 5 and table 5; the LSTM has one layer of 2,048 units and
           is pre-trained in the same framework (config.gpt.lstm_units of a pre-training).
Command:   python train.py --config=configs/gpt1/ablations.py --config.fine_tuning.start=DIR \
               --config.ablations.lstm=LSTM_DIR
           (DIR: the work folder of a pre-training, or a folder of the release's or of a Hugging
           Face model's files. Files of the task are looked for in config.fine_tuning.dir or
           ATTNJAX_DATA_DIR, else downloaded)
Duration:  four times that of a fine-tuning of five seeds.
Small:     with a pre-training of configs/gpt1/novels_small.py as DIR a larger rate, such as
           --config.fine_tuning.learning_rate=1e-3: the paper's is for 12 layers, 768 wide.
Expected:  on SST-2 in the paper 0.913 in full, 0.840 without pre-training, 0.920 without the
           auxiliary loss, 0.905 with the LSTM. Other tasks: config.fine_tuning.task.
"""

from ml_collections import ConfigDict

from attnjax.config import default_config


def get_config() -> ConfigDict:
    """Return the config."""
    config = default_config("fine_tuning")
    config.fine_tuning.task = "sst2"
    config.analyses = ("ablations",)
    return config
