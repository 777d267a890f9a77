"""From the data section of a config to a corpus and its vocabulary."""

from pathlib import Path

from attnjax.config import DataConfig
from attnjax.data.corpus import Corpus
from attnjax.data.files import file_corpus
from attnjax.data.planted import planted_corpus
from attnjax.data.planted_writer import VARIANTS
from attnjax.data.sst import sst_corpus
from attnjax.data.texts.babi_stories import generated_corpus
from attnjax.data.texts.corpus import texts_corpus
from attnjax.data.tfds_source import tfds_corpus
from attnjax.data.vocabulary import Vocabulary, build_vocabulary, read_vocabulary


def load_corpus(config: DataConfig, *, cache_dir: Path | None = None) -> Corpus:
    """Return the three splits that a config names.

    Args:
        config: the data section.
        cache_dir: where data sets are prepared; else see `cache_folder`.

    Raises:
        DataError: for anything wrong with the data.

    Example:
        >>> load_corpus(DataConfig(name="planted", size=100)).class_names
        ('negative', 'positive')
    """
    if config.name == "planted":
        parameters = VARIANTS[config.planted]
        return planted_corpus(config.size, seed=config.split_seed, parameters=parameters)
    if config.name == "sst":
        return sst_corpus(config, cache_dir=cache_dir)
    if config.name == "tfds":
        return tfds_corpus(config, cache_dir=cache_dir)
    if config.name == "babi" and config.stories == "generated":
        return generated_corpus(config)
    if config.name == "file":
        return file_corpus(config)
    return texts_corpus(config, cache_dir=cache_dir)


def load_vocabulary(config: DataConfig, corpus: Corpus) -> Vocabulary:
    """Return the vocabulary that a config names, or that of the training texts.

    Args:
        config: the data section.
        corpus: what it loads.

    Raises:
        DataError: for anything wrong with the vocabulary file.

    Example:
        >>> config = DataConfig(name="planted", size=100)
        >>> len(load_vocabulary(config, load_corpus(config))) > 100
        True
    """
    if config.vocabulary:
        return read_vocabulary(Path(config.vocabulary).expanduser())
    train = corpus.splits["train"]
    counted = train.tokens if corpus.counted is None else corpus.counted
    return build_vocabulary((*counted, *(train.question or ())), min_count=config.min_count)
