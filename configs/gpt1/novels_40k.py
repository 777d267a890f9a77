"""The small GPT on novels with the release's 40,478 pieces: the first minutes of a pre-training.

Paper:     the method of Radford et al. (2018), section 3.1, with its pieces, in a size for two
           cores; most of the time goes to the logits.
Command:   ATTNJAX_DATA_DIR=DATA python train.py --config=configs/gpt1/novels_40k.py
           --workdir=DIR, with the novels in DATA/lm/gutenberg and the release's vocabulary in
           DATA/gpt1
Duration:  15 minutes on two cores beside other work, and 2 for the end.
Expected:  held-out perplexity 309.3 after 1.2 million tokens (seed 0), 56% below a unigram's 708.2;
           a Kneser-Ney trigram that has seen as many tokens has 242.4. After ten minutes 406 on
           the beginnings of the two books, and falling.
"""

from ml_collections import ConfigDict

from attnjax.config import default_config


def get_config() -> ConfigDict:
    """Return the config."""
    config = default_config("pretraining")
    config.corpus.paths = ("lm/gutenberg",)
    config.corpus.held_out = ("emma_pg158", "the-time-machine_pg35")
    config.corpus.wrapped = True
    config.gpt.num_layers = 4
    config.gpt.num_heads = 4
    config.gpt.width = 128
    config.gpt.context = 128
    config.gpt.embedding_dropout = 0.0
    config.gpt.attention_dropout = 0.0
    config.gpt.residual_dropout = 0.0
    # Small batches: the logits of 40,481 pieces cost most, and more steps are worth more here.
    config.pretraining.batch_size = 4
    config.pretraining.epochs = 1
    config.pretraining.num_steps = 2_400
    config.pretraining.warmup_steps = 100
    config.pretraining.learning_rate = 1e-3
    config.pretraining.evaluate_every = 200
    config.pretraining.checkpoint_every = 200
    config.pretraining.evaluation_batch = 16
    config.pretraining.evaluation_limit = 2_000
    config.pretraining.evaluation_stride = 64
    return config
