"""The small GPT of novels_small.py on SST-2's sentences: ablations, layers, and on trial.

Paper:     Radford et al. (2018), section 5, in a size for two cores, and Jain & Wallace (2019),
           section 4, of the fine-tuned model.
Command:   python train.py --config=configs/gpt1/novels_sst2.py --config.fine_tuning.start=DIR \
               --config.fine_tuning.dir=DATA --config.ablations.lstm=LSTM_DIR --workdir=RUN
           (DIR: the work folder of configs/gpt1/novels_small.py; LSTM_DIR: of the same with
           --config.gpt.lstm_units=256, or leave it out; DATA: the sentences, see
           docs/gpt_results.md)
Duration:  two minutes for each of 40 trainings (half of it on idle cores), two for the trial.
Expected:  accuracy 0.744 in full, 0.692 without pre-training (difference 0.052, 0.038 to 0.067 over
           5 seeds), 0.711 without the auxiliary loss, 0.755 with the LSTM; tau 0.186 with gradients
           and 0.113 with leave-one-out; an adversary with JSD above 0.68 for nearly every text.
           All tables: docs/gpt_results.md.
"""

from ml_collections import ConfigDict

from attnjax.config import default_config


def get_config() -> ConfigDict:
    """Return the config."""
    config = default_config("fine_tuning")
    config.fine_tuning.task = "sst2"
    config.fine_tuning.max_length = 64
    config.fine_tuning.learning_rate = 1e-3  # the paper's is for 12 layers, 768 wide
    # As in its pre-training; the task's layer keeps its own.
    config.gpt.embedding_dropout = 0.0
    config.gpt.attention_dropout = 0.0
    config.gpt.residual_dropout = 0.0
    config.analyses = ("ablations", "layers")
    config.tests = (
        "gradient_agreement",
        "leave_one_out_agreement",
        "gradient_leave_one_out",
        "random_agreement",
        "permutation",
        "adversary",
        "uniform",
    )
    config.part.layer = -1
    config.part.rows = "classify"
    return config
