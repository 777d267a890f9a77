"""A pre-training that takes seconds; the texts are those of `tests.toy_books`."""

from ml_collections import ConfigDict

from attnjax.config import default_config


def get_config() -> ConfigDict:
    """Return the config."""
    config = default_config("pretraining")
    config.tokenizer.pieces = "trained"
    config.tokenizer.size = 70
    config.gpt.num_layers = 1
    config.gpt.num_heads = 2
    config.gpt.width = 16
    config.gpt.context = 16
    config.corpus.held_out = ("third",)
    config.pretraining.batch_size = 8
    config.pretraining.epochs = 4
    config.pretraining.num_steps = 40
    config.pretraining.warmup_steps = 4
    config.pretraining.learning_rate = 1e-2
    config.pretraining.evaluate_every = 20
    config.pretraining.checkpoint_every = 10
    config.pretraining.log_every = 5
    config.pretraining.evaluation_batch = 8
    config.pretraining.keep_at = (0.0, 0.5)
    config.sample.tokens = 12
    config.sample.prompt_tokens = 4
    config.sample.top_k = 5
    return config
