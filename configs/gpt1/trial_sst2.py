"""A fine-tuned GPT on trial: SST-2, texts of at most 64 tokens.

Paper:     Jain & Wallace (2019), sections 4.1 and 4.2, whose tests are asked of the model of
           Radford et al. (2018): where the classify token looks in the last layer, all heads.
Command:   python train.py --config=configs/gpt1/trial_sst2.py --config.fine_tuning.start=DIR
           (DIR: as in configs/gpt1/finetune_sst2.py)
Part:      --config.part.layer=N (1 is the first, 0: all layers), --config.part.head=N (0: all),
           --config.part.rows=all (every position; each step of the search is then a pass of the
           whole model: give --config.adversary.limit=50 on a CPU)
Duration:  dominated by the fine-tuning; --config.fine_tuning.limit=2000 on a CPU.
Expected:  no published figures: the paper's models are recurrent. A small GPT (novels_sst2.py)
           moves by a TVD of 0.21 under shuffles, and has adversaries with a JSD of 0.686.
"""

from ml_collections import ConfigDict

from attnjax.config import default_config


def get_config() -> ConfigDict:
    """Return the config."""
    config = default_config("fine_tuning")
    config.tests = (
        "gradient_agreement",
        "leave_one_out_agreement",
        "gradient_leave_one_out",
        "random_agreement",
        "permutation",
        "adversary",
        "uniform",
    )
    config.fine_tuning.task = "sst2"
    config.fine_tuning.max_length = 64
    config.fine_tuning.seeds = 1
    config.part.layer = -1
    config.part.rows = "classify"
    return config
