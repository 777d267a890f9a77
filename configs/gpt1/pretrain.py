"""GPT-1's pre-training: 12 layers of 768, 512 positions, 100 epochs, in the release's mode.

Paper:     Radford et al. (2018), sections 3.1 and 4.1. Their corpus, BooksCorpus, is not
           public; here it is 18 of 20 public-domain novels, and two are held out.
Command:   python train.py --config=configs/gpt1/pretrain.py --workdir=DIR
           with the novels in lm/gutenberg and the release's vocabulary in gpt1 below
           ATTNJAX_DATA_DIR; any other texts by --config.corpus.paths=FOLDER
           --config.corpus.held_out=NAME,NAME. On an accelerator
           --config.gpt.dtype=bfloat16; on several --config.pretraining.model_devices=N splits
           the weights, too.
Duration:  an accelerator for hours (about 420 million tokens); days on a CPU.
Expected:  the paper's perplexity of 18.4 is of BooksCorpus, hundreds of times the text; 100
           epochs of 18 novels are learnt by heart, so the best held-out perplexity comes
           early.
"""

from ml_collections import ConfigDict

from attnjax.config import default_config


def get_config() -> ConfigDict:
    """Return the config."""
    config = default_config("pretraining")  # sizes, rates and schedule are the paper's
    config.corpus.paths = ("lm/gutenberg",)
    config.corpus.held_out = ("emma_pg158", "the-time-machine_pg35")
    config.corpus.wrapped = True
    config.tokenizer.pieces = "release"
    config.tokenizer.dir = ""  # ATTNJAX_DATA_DIR
    config.gpt.mode = "exact"
    config.pretraining.evaluate_every = 250
    config.pretraining.evaluation_limit = 20_000
    config.pretraining.evaluation_batch = 16
    return config
