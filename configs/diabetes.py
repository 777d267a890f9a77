"""Diabetes in discharge summaries of MIMIC-III, for those who may use them.

Paper:     Jain & Wallace (2019), rows Diabetes of tables 1 and 2; random embeddings instead of
           those that were trained on the summaries (config.data.vectors takes such a file).
Command:   python train.py --config=configs/diabetes.py --config.data.dir=DIR
           (DIR has NOTEEVENTS.csv and DIAGNOSES_ICD.csv, each also with .gz;
           for the paper's admissions the lists of its released code, train_50_hadm_ids.csv and
           so on; or your own, diabetes_train_hadm_ids.txt and so on)
Duration:  not measured here: the data are open to those alone who signed their agreement.
           Leave-one-out costs the square of a text's length: the tests see at most 50 texts.
Expected:  the paper reports a test F1 of 0.79.
"""

from ml_collections import ConfigDict

from attnjax.config import default_config


def get_config() -> ConfigDict:
    """Return the config."""
    config = default_config()
    config.data.name = "diabetes"
    config.data.filter = "paper"
    config.data.min_count = 5
    config.data.max_length = 4002  # with start and end: texts of 4,000 words are not cut
    config.data.num_buckets = 8
    config.model.encoder = "lstm"
    config.model.embedding_size = 300
    config.model.hidden_size = 128  # per direction
    config.training.epochs = 8
    config.training.batch_size = 32
    for section in (config.gradient, config.leave_one_out, config.permutation):
        section.limit = 50
    config.adversary.limit = config.exact.limit = 50
    return config
