"""The sections of a config: every field with its default, choices and range.

Fields whose value is `"protocol"` follow `protocol.setting`.
"""

from dataclasses import dataclass, field

from attnjax.config.fields import FOLLOWING, PROTOCOLS, choice, number, numbers, words
from attnjax.config.trained import (
    GuidesConfig,
    MassAdversaryConfig,
    SeedsConfig,
    TrainedAdversaryConfig,
)

JAIN_WALLACE = (
    "gradient_agreement",
    "leave_one_out_agreement",
    "gradient_leave_one_out",
    "random_agreement",
    "planted_evidence",
    "planted_controls",
    "permutation",
    "adversary",
    "exact_adversary",
    "capped_adversary",
)
"""Tests of a trained model, after Jain & Wallace (2019)."""

WIEGREFFE_PINTER = ("uniform", "seeds", "guides", "trained_adversary", "mass_adversary")
"""Tests that train other models, after Wiegreffe & Pinter (2019) and Pruthi et al. (2020)."""

PLAUSIBILITY = ("plausibility",)
"""Whether people agree with the scores; it is no test of faithfulness, and stands apart."""

TESTS = (*JAIN_WALLACE, *WIEGREFFE_PINTER, *PLAUSIBILITY)


DATA_NAMES = (
    "planted",
    "sst",
    "file",
    "tfds",
    *("mr", "cr", "trec", "sst2", "newsgroups", "ag_news", "ag_news_binary", "imdb"),
    *("ade_corpus", "adr_tweets", "eraser_movies", "diabetes", "anemia"),
    *("babi", "snli", "cnn"),
)
"""Data sets; all but the first, `file` and `tfds` are read from their official files."""


@dataclass(frozen=True)
class ProtocolConfig:
    """Which of the sources every `"protocol"` field follows."""

    setting: str = choice("fixed", PROTOCOLS)


@dataclass(frozen=True)
class DataConfig:
    """Where instances come from and how they become padded batches."""

    name: str = choice("planted", DATA_NAMES)
    dir: str = ""  # local copies of a dataset's files; else ATTNJAX_DATA_DIR, else download
    path: str = ""  # a user's own JSONL, CSV or TSV; sets name to "file"
    dev_path: str = ""  # the dev split of a user's own file, if it is another file
    test_path: str = ""  # the test split of a user's own file, if it is another file
    text_column: str = "text"
    label_column: str = "label"
    question_column: str = ""  # what is asked of each text; empty: nothing is
    candidates_column: str = ""  # possible answers: a JSON list, or joined by |; empty: all are
    split_column: str = ""  # column with train, dev, test; empty: seeded splits
    dev_fraction: float = number(0.1, 0.0, 0.9, above=True)  # of seeded splits
    test_fraction: float = number(0.2, 0.0, 0.9, above=True)
    split_seed: int = number(0, 0, 2**31 - 1)  # of seeded splits and the planted corpus
    tfds_name: str = ""  # a TFDS dataset, e.g. "ag_news_subset"
    train_split: str = "train"  # TFDS split expressions; an empty one is cut from train
    dev_split: str = ""
    test_split: str = "test"
    source: str = choice("authors_csv", ("authors_csv", "trees"))  # of sst
    filter: str = choice("paper", ("paper", "none"))  # which texts are used: docs/data.md
    tokenizer: str = choice("auto", ("auto", "whitespace", "words"))
    lowercase: bool = True
    digits: str = choice("keep", ("keep", "replace"))  # replace: words with a digit become "qqq"
    min_count: int = number(1, 1, 2**31 - 1)  # rarer words become the unknown word
    vocabulary: str = ""  # a file with one token a line, instead of one counted on train
    vectors: str = ""  # word vectors, fastText or GloVe text format
    skip_gram: int = number(0, 0, 1000)  # epochs of vectors trained on the training texts; 0: none
    max_length: int = number(512, 4, 100_000)  # tokens of text or question, both ends included
    on_long: str = choice("truncate", ("truncate", "refuse"))
    num_buckets: int = number(2, 1, 32)
    # training sentences of the planted corpus, training questions of generated bAbI stories
    size: int = number(4000, 100, 1_000_000)
    # of the planted corpus: one clause decides (sparse), two that each suffice (redundant)
    planted: str = choice("mixed", ("mixed", "sparse", "redundant"))
    task: int = number(1, 1, 3)  # of babi: how many statements decide an answer
    # of babi: the official stories with 10,000 or 1,000 training questions, or our own
    stories: str = choice("official_10k", ("official_10k", "official", "generated"))
    limit: int = number(0, 0, 2**31 - 1)  # instances of each split, drawn by split_seed; 0: all
    # texts, and questions, of only unknown words
    unknown_only: str = choice("refuse", ("refuse", "keep"))


@dataclass(frozen=True)
class ModelConfig:
    """The classifier with attention."""

    encoder: str = choice("lstm", ("lstm", "cnn", "average"))
    attention: str = choice("additive", ("additive", "dot", "uniform", "random"))
    embedding_size: int = number(300, 1, 10_000)
    hidden_size: int = number(128, 1, 10_000)  # lstm: per direction
    dropout: float = number(0.0, 0.0, 0.95)  # on embeddings and on the context vector
    freeze_embeddings: bool = False
    weights: str = ""  # weights of the released code to start from: .npz, .safetensors, .pt


@dataclass(frozen=True)
class TrainingConfig:
    """The optimisation."""

    epochs: int = number(8, 0, 100_000)
    batch_size: int = number(32, 1, 65_536)
    learning_rate: float = number(1e-3, 0.0, 10.0, above=True)
    weight_decay: float = number(1e-5, 0.0, 1.0)  # L2 added to the gradient, not on attention
    attention_weight_decay: float = number(0.0, 0.0, 1.0)  # the same on attention; release: in QA
    amsgrad: str = choice("protocol", FOLLOWING)  # maximum of raw or of corrected moments
    loss: str = choice("protocol", FOLLOWING)  # paper, release: sum of a batch; fixed: mean
    first_epoch: str = choice("protocol", FOLLOWING)  # release: epoch 0 is never the best
    # binary: negatives / positives on the positive class; more classes: texts / (classes *
    # texts of the class) on each
    class_weights: bool = True
    patience: int = number(0, 0, 100_000)  # epochs without a better dev score; 0: never stop
    guide_weight: float = number(0.0, 0.0, 1e6)  # pull of attention to the guide, nats
    checkpoint_every: int = number(200, 1, 1_000_000)  # steps, beside every epoch's end
    log_every: int = number(20, 1, 1_000_000)  # steps


@dataclass(frozen=True)
class SelectionConfig:
    """How the best epoch is chosen."""

    split: str = choice("dev", ("dev", "test"))
    # auto: the area under the ROC curve for two classes, accuracy for more
    score: str = choice("auto", ("auto", "auc", "accuracy", "loss"))


@dataclass(frozen=True)
class GradientConfig:
    """Gradient importance."""

    target: str = choice("probability", ("probability", "logit"))  # logit: never saturates
    attention: str = choice("detached", ("detached", "attached"))  # all sources: detached
    limit: int = number(0, 0, 2**31 - 1)  # instances; 0: all


@dataclass(frozen=True)
class LeaveOneOutConfig:
    """Leave-one-out importance: every token deleted in turn, the text encoded again."""

    limit: int = number(0, 0, 2**31 - 1)


@dataclass(frozen=True)
class RandomConfig:
    """Random attention as the baseline of agreement."""

    draws: int = number(1, 1, 1000)


@dataclass(frozen=True)
class PermutationConfig:
    """Shuffled attention."""

    count: int = number(100, 1, 100_000)
    limit: int = number(0, 0, 2**31 - 1)


@dataclass(frozen=True)
class AdversaryConfig:
    """The search for the attention farthest from the model's own with the same output."""

    candidates: int = number(5, 1, 1000)
    steps: int = number(500, 1, 100_000)
    starts: str = choice("protocol", FOLLOWING)  # paper, release: noise; fixed: also pairs
    constraint: str = choice("protocol", FOLLOWING)  # a penalty; fixed: projected steps
    step_size: float = number(2.0, 0.0, 100.0, above=True)  # of projected steps
    patience: int = number(5, 0, 100_000)  # projected steps without gain; 0: never stop
    learning_rate: float = number(0.01, 0.0, 10.0, above=True)  # with a penalty
    penalty: float = number(500.0, 0.0, 1e9, above=True)
    noise: float = number(3.0, 0.0, 100.0)  # standard deviation of the initial log-weights
    epsilon: float = number(0.01, 0.0, 1.0, above=True)  # TVD
    optimizer_epsilon: str = choice("protocol", FOLLOWING)
    filter_epsilon: str = choice("protocol", FOLLOWING)  # release: 0.05
    keep: str = choice("protocol", FOLLOWING)  # release: last iterate; fixed: best feasible
    jsd: str = choice("protocol", FOLLOWING)  # release: log(p + 1e-10)
    amsgrad: str = choice("protocol", FOLLOWING)
    limit: int = number(0, 0, 2**31 - 1)


@dataclass(frozen=True)
class ExactConfig:
    """The strongest adversary of two-class models, computed instead of searched."""

    # TVD, the points of its curve; the limits of the search are always among them
    epsilons: tuple[float, ...] = numbers(
        (0.001, 0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5), 0.0, 1.0, above=True
    )
    limit: int = number(0, 0, 2**31 - 1)


@dataclass(frozen=True)
class CappedConfig:
    """The strongest adversary among attentions that do not rest on one or two tokens."""

    caps: tuple[float, ...] = numbers((0.25, 0.5), 0.0, 1.0, above=True)  # on every weight
    # on the entropy, shares of the log of the number of tokens
    entropy_floors: tuple[float, ...] = numbers((0.5,), 0.0, 1.0, above=True)
    limit: int = number(0, 0, 2**31 - 1)


@dataclass(frozen=True)
class BootstrapConfig:
    """Confidence intervals."""

    samples: int = number(1000, 10, 1_000_000)


@dataclass(frozen=True)
class MemoryConfig:
    """Bounds on working memory."""

    bytes: int = number(256 * 2**20, 2**20, 2**50)  # of one chunk's intermediate arrays


@dataclass(frozen=True)
class ReportConfig:
    """What the report shows."""

    instances: int = number(5000, 0, 1_000_000)  # in the table; 0: no text is shown
    title: str = ""


@dataclass(frozen=True)
class Config:
    """A whole run of the kind "classifier"."""

    kind: str = choice("classifier", ("classifier",))
    seed: int = number(0, 0, 2**31 - 1)
    tests: tuple[str, ...] = words(
        (
            "gradient_agreement",
            "leave_one_out_agreement",
            "gradient_leave_one_out",
            "random_agreement",
            "permutation",
            "adversary",
            "exact_adversary",
        ),
        TESTS,
    )
    protocol: ProtocolConfig = field(default_factory=ProtocolConfig)
    data: DataConfig = field(default_factory=DataConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    selection: SelectionConfig = field(default_factory=SelectionConfig)
    gradient: GradientConfig = field(default_factory=GradientConfig)
    leave_one_out: LeaveOneOutConfig = field(default_factory=LeaveOneOutConfig)
    random: RandomConfig = field(default_factory=RandomConfig)
    permutation: PermutationConfig = field(default_factory=PermutationConfig)
    adversary: AdversaryConfig = field(default_factory=AdversaryConfig)
    exact: ExactConfig = field(default_factory=ExactConfig)
    capped: CappedConfig = field(default_factory=CappedConfig)
    seeds: SeedsConfig = field(default_factory=SeedsConfig)
    guides: GuidesConfig = field(default_factory=GuidesConfig)
    trained_adversary: TrainedAdversaryConfig = field(default_factory=TrainedAdversaryConfig)
    mass_adversary: MassAdversaryConfig = field(default_factory=MassAdversaryConfig)
    bootstrap: BootstrapConfig = field(default_factory=BootstrapConfig)
    memory: MemoryConfig = field(default_factory=MemoryConfig)
    report: ReportConfig = field(default_factory=ReportConfig)
