"""AG News, World against Business: the trial of Jain & Wallace.

Paper:     Jain & Wallace (2019), rows AG News: descriptions without titles, words that occur
           five times. Where the official train.csv is not in data.dir but a part of it, the
           report says how many texts there were: of the partial files 17,087 are trained on,
           6,179 of them with their titles, which cannot be told from the descriptions there,
           while no test text has one.
Command:   python train.py --config=configs/ag_news_binary.py --config.data.dir=DIR
           (without data.dir the official files are downloaded)
Duration:  about ten minutes on two cores (15,000 texts), the tests not counted: an estimate
           from the tokens a second of configs/newsgroups.py.
Expected:  test accuracy at least 0.94.
"""

from ml_collections import ConfigDict

from attnjax.config import default_config


def get_config() -> ConfigDict:
    """Return the config."""
    config = default_config()
    config.data.name = "ag_news_binary"
    config.data.filter = "paper"
    config.data.digits = "replace"
    config.data.min_count = 5
    config.data.num_buckets = 3
    config.model.encoder = "lstm"
    config.model.attention = "additive"
    config.model.embedding_size = 300
    config.model.hidden_size = 128  # per direction
    config.training.epochs = 8
    config.training.batch_size = 32
    return config
