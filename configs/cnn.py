"""CNN: which name is missing from a sentence on a news article.

Paper:     Jain & Wallace (2019), rows CNN of tables 1 and 2: 25 epochs, batches of 90,
           epsilon 0.05. The answer is one of the names of the article.
Command:   python train.py --config=configs/cnn.py --config.data.dir=DIR
           (DIR holds cnn/questions/{training,validation,test} of DeepMind's archive, or
           train.txt, dev.txt and test.txt with question, answer and article in blocks)
Duration:  hours an epoch on two cores: for a GPU or TPU. Leave-one-out costs the square of
           the length, so the tests take 500 questions.
Expected:  test accuracy about 0.64 with all 380,298 questions, the paper's; not run here.
"""

from ml_collections import ConfigDict

from attnjax.config import default_config


def get_config() -> ConfigDict:
    """Return the config."""
    config = default_config()
    config.data.name = "cnn"
    config.data.min_count = 5
    config.data.max_length = 2000
    config.data.num_buckets = 6
    config.model.encoder = "lstm"
    config.model.attention = "additive"
    config.model.embedding_size = 300
    config.model.hidden_size = 128  # per direction
    config.training.epochs = 25
    config.training.batch_size = 90
    config.training.class_weights = False  # some names are the answer a thousand times as often
    config.training.attention_weight_decay = 1e-5  # as the release where questions are asked
    config.adversary.epsilon = 0.05
    config.gradient.limit = 500
    config.leave_one_out.limit = 500
    config.permutation.limit = 500
    config.adversary.limit = 500
    config.exact.limit = 500
    return config
