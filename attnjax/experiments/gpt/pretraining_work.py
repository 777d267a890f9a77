"""A pre-training in progress: what its stages read."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jax.sharding import Mesh

from attnjax.config import PretrainingRun
from attnjax.data.gpt.corpus_files import corpus_files
from attnjax.data.gpt.documents import Document, text_files
from attnjax.data.gpt.tokenizer import Tokenizer, load_tokenizer
from attnjax.data.texts.places import data_folder
from attnjax.errors import ConfigError, DataError, WorkFolderError, raise_all, suggestion
from attnjax.experiments.gpt.starting_point import TOKENIZER, check_kernel, gpt_settings
from attnjax.experiments.in_progress import InProgress
from attnjax.experiments.kind import Conduct
from attnjax.models.gpt.model import GPT, build_gpt
from attnjax.training.gpt.placement import gpt_mesh
from attnjax.training.mesh import batch_devices


@dataclass(frozen=True, kw_only=True)
class PretrainingWork(InProgress):
    """A pre-training in progress.

    Attributes:
        config: of the run.
        training: documents to train on.
        held_out: documents to judge by, whole ones.
        passed_over: files of the corpus's folders that are no texts by their names.
        release: the release's tokenizer; None where new pieces are trained.
        kept: what stages made in this process, by name.
    """

    config: PretrainingRun
    training: tuple[Document, ...]
    held_out: tuple[Document, ...]
    passed_over: tuple[str, ...]
    release: Tokenizer | None
    kept: dict[str, Any] = field(default_factory=dict)

    @property
    def tokenizer(self) -> Tokenizer:
        """The tokenizer of the run, from its files in the work folder.

        Raises:
            WorkFolderError: if they are not those that the stage `tokenizer` left.
        """
        if "tokenizer" not in self.kept:
            folder, pipeline = self.directory / TOKENIZER, self.config.tokenizer.pipeline
            found = load_tokenizer(folder, pipeline=pipeline)
            if found.record["vocabulary"] != self.summary("tokenizer")["vocabulary"]:
                raise WorkFolderError(
                    str(folder),
                    found="pieces that are not those that the finished stages used",
                    expected="the files of the tokenizer as the run left them",
                    action="restore them, or give another --workdir",
                )
            self.kept["tokenizer"] = found
        return self.kept["tokenizer"]

    @property
    def gpt(self) -> GPT:
        """The model of the run."""
        size = len(self.tokenizer.byte_pairs.pieces)
        return build_gpt(gpt_settings(self.config.gpt, vocabulary_size=size))

    @property
    def mesh(self) -> Mesh:
        """The devices of the run.

        Raises:
            ConfigError: if there are not as many as the config asks for.
        """
        return run_mesh(self.config)


def begin(config: PretrainingRun, directory: Path, conduct: Conduct) -> PretrainingWork:
    """Read and check the corpus and the files of a pre-training.

    Args:
        config: resolved.
        directory: the work folder.
        conduct: towards the user.

    Raises:
        DataError: for anything wrong with the corpus or the tokenizer's files.
        ConfigError: for more devices than there are.
    """
    raise_all(check_kernel(config.gpt))
    run_mesh(config)
    release = _release(config)
    corpus = config.corpus
    files = corpus_files(corpus.paths)
    documents = text_files(files.texts, wrapped=corpus.wrapped) if corpus.paths else ()
    documents += tuple(_tfds_documents(config))
    _check_names(documents, corpus.held_out)
    held = frozenset(corpus.held_out)
    return PretrainingWork(
        config=config,
        directory=directory,
        training=tuple(one for one in documents if one.name not in held),
        held_out=tuple(one for one in documents if one.name in held),
        passed_over=tuple(path.name for path in files.passed_over),
        release=release,
        **conduct._asdict(),
    )


def run_mesh(config: PretrainingRun) -> Mesh:
    """Return the devices that a config asks for.

    Args:
        config: of the run.

    Raises:
        ConfigError: if there are not so many.

    Example:
        >>> run_mesh(PretrainingRun()).shape["model"]
        1
    """
    settings = config.pretraining
    if config.hosts.count > 1 or (settings.data_devices == 0 and settings.model_devices == 1):
        return gpt_mesh(model=settings.model_devices)
    import jax

    there = jax.local_devices() if settings.data_devices else batch_devices()
    count = settings.data_devices * settings.model_devices or len(there)
    if count > len(there) or count % settings.model_devices:
        asked = f"{settings.data_devices or 'all'} x {settings.model_devices}"
        raise ConfigError(
            "config.pretraining.data_devices and config.pretraining.model_devices",
            found=f"{asked} devices",
            expected=f"a product that the {len(there)} devices here allow",
            action="lower one of them",
        )
    return gpt_mesh(model=settings.model_devices, devices=there[:count])


def documents_digest(documents: tuple[Document, ...]) -> str:
    """Return a sha256 of the names and contents of documents.

    Args:
        documents: in the order in which they are read.

    Example:
        >>> documents_digest(())[:8]
        'e3b0c442'
    """
    lines = "".join(f"{one.name}\n{one.digest}\n" for one in documents)
    return hashlib.sha256(lines.encode()).hexdigest()


def _release(config: PretrainingRun) -> Tokenizer | None:
    """Return the release's tokenizer, where the config asks for it."""
    tokenizer = config.tokenizer
    if tokenizer.pieces != "release":
        return None
    folder = data_folder(tokenizer.dir)
    if folder is None:
        raise ConfigError(
            "config.tokenizer.dir",
            found="''",
            expected="the folder of the release's vocabulary (vocab_40000.bpe and "
            "encoder_bpe_40000.json), or config.tokenizer.pieces 'trained'",
            action="name it, or set the environment variable ATTNJAX_DATA_DIR",
        )
    return load_tokenizer(folder, pipeline=tokenizer.pipeline)


def _tfds_documents(config: PretrainingRun) -> list[Document]:
    if not config.corpus.tfds:
        return []
    from attnjax.data.cache import cache_folder
    from attnjax.data.gpt.tfds_documents import tfds_document

    given, column = config.corpus.tfds_dir, config.corpus.tfds_column
    folder = Path(given).expanduser() if given else cache_folder() / "tfds"
    parts = [name.partition(":") for name in config.corpus.tfds]
    return [tfds_document(name, split, folder=folder, column=column) for name, _, split in parts]


def _check_names(documents: tuple[Document, ...], held_out: tuple[str, ...]) -> None:
    """Refuse unknown names of held-out documents, copies of them, and holding out all of them."""
    known = [document.name for document in documents]
    wrong = [f"{name!r}{suggestion(name, known)}" for name in held_out if name not in known]
    if wrong:
        raise DataError(
            "config.corpus.held_out",
            found=", ".join(wrong),
            expected="names of documents: " + ", ".join(known[:30]),
            action="correct the names",
        )
    twice = sorted({name for name in known if known.count(name) > 1})
    if twice:
        raise DataError(
            "config.corpus",
            found="two documents called " + ", ".join(twice),
            expected="a name of its own for every document",
            action="leave one of them out, or rename it",
        )
    held = {one.digest: one.name for one in documents if one.name in held_out}
    both = [one for one in documents if one.name not in held_out and one.digest in held]
    if both:
        raise DataError(
            "config.corpus.held_out",
            found=", ".join(f"{held[one.digest]}, the same text as {one.name}" for one in both),
            expected="documents that are not trained on under another name",
            action="take the copies away, or hold them out too",
        )
    if len(known) == len(held_out):
        raise DataError(
            "config.corpus.held_out",
            found=f"all {len(known)} documents",
            expected="at least one that is left to train on",
            action="add documents to config.corpus.paths, or hold out fewer",
        )
