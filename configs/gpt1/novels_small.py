"""A small GPT on novels: 4 layers of 128, 128 positions, at most 512 pieces of its own.

Paper:     the method of Radford et al. (2018), section 3.1, in a size for two cores.
Command:   ATTNJAX_DATA_DIR=DATA python train.py --config=configs/gpt1/novels_small.py
           --workdir=DIR, with the novels in DATA/lm/gutenberg; it may be stopped at any time,
           and the same command continues.
Duration:  45 minutes on two cores beside other work, a minute of it for the tokens.
Expected:  held-out perplexity 16.76 and 1.590 bits per character (seed 0); a Kneser-Ney
           trigram over the same pieces, counted on all training text, has 23.37 and 1.778.
"""

from ml_collections import ConfigDict

from attnjax.config import default_config


def get_config() -> ConfigDict:
    """Return the config."""
    config = default_config("pretraining")
    config.corpus.paths = ("lm/gutenberg",)
    config.corpus.held_out = ("emma_pg158", "the-time-machine_pg35")
    config.corpus.wrapped = True
    config.tokenizer.pieces = "trained"
    config.tokenizer.size = 512
    config.tokenizer.characters = 60  # letters, digits and common signs; rarer ones are unknown
    config.gpt.num_layers = 4
    config.gpt.num_heads = 4
    config.gpt.width = 128
    config.gpt.context = 128
    # So few weights cannot learn so much text by heart in so few epochs.
    config.gpt.embedding_dropout = 0.0
    config.gpt.attention_dropout = 0.0
    config.gpt.residual_dropout = 0.0
    config.pretraining.batch_size = 16
    config.pretraining.epochs = 10
    config.pretraining.num_steps = 12_000
    config.pretraining.warmup_steps = 300
    config.pretraining.learning_rate = 3e-3
    config.pretraining.evaluate_every = 500
    config.pretraining.checkpoint_every = 250
    config.pretraining.evaluation_limit = 10_000
    config.pretraining.evaluation_stride = 64  # every token from at least 64 before it
    config.pretraining.keep_at = (0.0, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
    return config
