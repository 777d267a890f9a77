"""AG News, World against Business: the trial of Jain & Wallace.

Paper:     Jain & Wallace (2019), rows AG News: descriptions without titles, words that occur
           five times. Where the official train.csv is not in data.dir but a part of it, the
           report says how many texts there were: of the partial files 17,087 are trained on,
           6,179 of them with their titles, which cannot be told from the descriptions there,
           while no test text has one. Vectors are trained on the training texts (the paper has
           fastText's), and there is dropout, which the paper has not: a quarter of the texts is
           soon known by heart.
Command:   python train.py --config=configs/ag_news_binary.py --config.data.dir=DIR
           (without data.dir the official files are downloaded)
Duration:  about five minutes on two cores (15,378 texts), the tests not counted.
Expected:  test accuracy 0.949, F1 0.950 after the third of six epochs (seed 0); without the
           vectors and the dropout 0.934. The paper has 0.96 with all texts.
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
    config.data.skip_gram = 10  # epochs; needs the extra `vectors`
    config.data.num_buckets = 3
    config.model.encoder = "lstm"
    config.model.attention = "additive"
    config.model.embedding_size = 300
    config.model.hidden_size = 128  # per direction
    config.model.dropout = 0.5
    config.training.epochs = 8
    config.training.batch_size = 32
    config.training.patience = 3
    return config
