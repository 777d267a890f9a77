"""Movie reviews with the words that people marked: faithfulness, and beside it plausibility.

Paper:     DeYoung et al. (2020), ERASER, movie reviews; no result of theirs is for this model.
Command:   python train.py --config=configs/eraser_movies.py --config.data.dir=DIR
           (without data.dir the official archive is downloaded)
Duration:  with --config.model.encoder=average under three minutes on two busy cores; leave-one-out
           costs the square of a text's length, so that the tests see at most 100 reviews.
Expected:  with --config.model.encoder=average --config.training.learning_rate=0.003 a test
           accuracy of at least 0.8; the BiLSTM was not measured.
"""

from ml_collections import ConfigDict

from attnjax.config import default_config


def get_config() -> ConfigDict:
    """Return the config."""
    config = default_config()
    config.data.name = "eraser_movies"
    config.data.min_count = 2
    config.data.max_length = 1026  # with start and end; one review in six is longer
    config.data.num_buckets = 3
    config.model.encoder = "lstm"
    config.model.embedding_size = 128
    config.model.hidden_size = 64  # per direction
    config.training.epochs = 8
    config.training.batch_size = 32
    for section in (config.gradient, config.leave_one_out, config.permutation):
        section.limit = 100
    config.adversary.limit = config.exact.limit = 100
    config.tests = (*config.tests, "plausibility")
    return config
