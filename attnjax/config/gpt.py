"""The sections and roots of a GPT's runs: pre-training, and fine-tuning on a task."""

from dataclasses import dataclass, field

from attnjax.config.fields import choice, number, numbers, whole_numbers, words
from attnjax.config.gpt_part import PartConfig
from attnjax.config.sections import (
    AdversaryConfig,
    BootstrapConfig,
    GradientConfig,
    LeaveOneOutConfig,
    MemoryConfig,
    PermutationConfig,
    ProtocolConfig,
    RandomConfig,
    ReportConfig,
)

GPT_TESTS = (
    "gradient_agreement",
    "leave_one_out_agreement",
    "gradient_leave_one_out",
    "random_agreement",
    "permutation",
    "adversary",
    "uniform",
)
"""Tests that put a fine-tuned GPT on trial."""

GPT_ANALYSES = ("ablations", "layers", "zero_shot")
"""What Radford et al. (2018) ask of pre-training, in section 5."""

ZERO_SHOT_TASKS = ("cola", "sst2", "race", "dream", "winograd")
"""What a language model can be asked without training."""

TASKS = (
    *("cola", "sst2", "mrpc", "stsb", "qqp", "mnli", "qnli", "rte"),
    *("snli", "scitail", "race", "dream", "story_cloze"),
)


@dataclass(frozen=True)
class GPTConfig:
    """The decoder: its sizes, and how it computes; the defaults are the paper's."""

    num_layers: int = number(12, 1, 1000)
    num_heads: int = number(12, 1, 1000)
    width: int = number(768, 1, 100_000)
    context: int = number(512, 2, 100_000)  # positions: the longest sequence, in tokens
    # exact: all that the release does; standard: what Hugging Face computes
    mode: str = choice("exact", ("exact", "standard"))
    embedding_dropout: float = number(0.1, 0.0, 0.95)
    attention_dropout: float = number(0.1, 0.0, 0.95)
    residual_dropout: float = number(0.1, 0.0, 0.95)
    classifier_dropout: float = number(0.1, 0.0, 0.95)
    dtype: str = choice("float32", ("float32", "bfloat16"))  # of computation; weights: float32
    recompute: bool = False  # blocks anew in the backward pass: less memory, more time
    kernel: str = choice("auto", ("auto", "xla", "cudnn"))
    # units of one LSTM in place of the blocks, the paper's ablation (2,048); 0: a transformer
    lstm_units: int = number(0, 0, 1_000_000)


@dataclass(frozen=True)
class TokenizerConfig:
    """From a text to its pieces."""

    pipeline: str = choice("original", ("original", "fast"))
    # the release's 40,478 pieces, or new ones, trained on the training documents alone
    pieces: str = choice("release", ("release", "trained"))
    dir: str = ""  # folder of the release's two files; else ATTNJAX_DATA_DIR
    size: int = number(512, 8, 2**20)  # new pieces, at most
    characters: int = number(238, 1, 100_000)  # that new pieces are made of, the most frequent


@dataclass(frozen=True)
class CorpusConfig:
    """Running text."""

    paths: tuple[str, ...] = words()  # text files, plain or gzipped, and folders of them
    held_out: tuple[str, ...] = words()  # names of documents: files without .txt and .gz
    wrapped: bool = False  # lines end where those of a page did: only a blank line is an end
    tfds: tuple[str, ...] = words()  # splits as documents, "lm1b:train[:1%]" is "lm1b train[:1%]"
    tfds_column: str = "text"
    tfds_dir: str = ""  # of prepared data sets; else the folder of tensorflow-datasets
    cache: str = ""  # folder of the token files, which runs may share; else the work folder


@dataclass(frozen=True)
class PretrainingConfig:
    """The optimisation of a language model; the defaults are the paper's."""

    batch_size: int = number(64, 1, 1_000_000)  # windows of a step, over all devices
    epochs: int = number(100, 1, 1_000_000)
    num_steps: int = number(0, 0, 2**40)  # if above 0 the training ends there
    warmup_steps: int = number(2000, 0, 2**40)
    schedule: str = choice("warmup_cosine", ("warmup_linear", "warmup_cosine", "warmup_constant"))
    optimizer: str = choice("release", ("release", "standard"))  # Adam as the release's, or AdamW
    learning_rate: float = number(2.5e-4, 0.0, 10.0, above=True)  # the largest
    weight_decay: float = number(0.01, 0.0, 1.0)
    decay_vectors: bool = False  # biases and gains too
    max_norm: float = number(1.0, 0.0, 1e9)  # of all gradients together; 0: never scaled
    b1: float = number(0.9, 0.0, 0.999999)
    b2: float = number(0.999, 0.0, 0.9999999)
    epsilon: float = number(1e-8, 0.0, 1.0, above=True)
    crossing: str = choice("within", ("within", "across"))  # may a window hold two documents?
    evaluate_every: int = number(1000, 1, 2**40)  # steps
    checkpoint_every: int = number(1000, 1, 2**40)  # steps, beside every evaluation
    log_every: int = number(20, 1, 2**40)  # steps
    evaluation_batch: int = number(64, 1, 1_000_000)
    evaluation_stride: int = number(0, 0, 100_000)  # from window to window; 0: the context
    # predictions of each held-out document, from its beginning, on the way; 0: all. The stage
    # `evaluate` reads whole documents
    evaluation_limit: int = number(0, 0, 2**40)
    # weights kept in snapshots/ when such a share of the steps is taken, e.g. (0.01, 0.1, 0.5)
    keep_at: tuple[float, ...] = numbers((), 0.0, 1.0)
    data_devices: int = number(0, 0, 1_000_000)  # over which batches are split; 0: all there are
    model_devices: int = number(1, 1, 1_000_000)  # over which weights and moments are split


@dataclass(frozen=True)
class SampleConfig:
    """The texts that the model writes at every evaluation."""

    tokens: int = number(60, 0, 100_000)  # of a text, the beginning included; 0: none
    prompt: str = ""  # its beginning; empty: that of the first held-out document
    prompt_tokens: int = number(12, 1, 100_000)  # of the beginning that are used
    temperature: float = number(1.0, 0.0, 100.0)  # 0: always the most probable piece
    top_k: int = number(40, 0, 2**20)  # of how many pieces one is drawn; 0: of all


@dataclass(frozen=True)
class YardsticksConfig:
    """N-grams over the same pieces, counted on as many tokens as the model has seen."""

    limit: int = number(30_000_000, 1, 10**9)  # tokens at most, for the memory's sake


@dataclass(frozen=True)
class HostsConfig:
    """Several processes that train together, each started with the same command."""

    count: int = number(1, 1, 1_000_000)
    process: int = number(0, 0, 1_000_000)  # which one this is
    coordinator: str = ""  # host:port of process 0; else the cluster's environment says it


@dataclass(frozen=True)
class FineTuningConfig:
    """A task, and how a GPT is fine-tuned on it; the defaults are the paper's."""

    task: str = choice("sst2", TASKS)
    dir: str = ""  # local copies of the task's files; else ATTNJAX_DATA_DIR, else download
    # work folder of a pre-training, folder of the release or of a Hugging Face model, or "none"
    start: str = "none"
    layers: int = number(-1, -1, 1000)  # transferred; 0: the table alone; -1: all
    language_weight: float = number(0.5, 0.0, 1e6)  # lambda
    epochs: int = number(3, 1, 100_000)
    batch_size: int = number(32, 1, 1_000_000)
    learning_rate: float = number(6.25e-5, 0.0, 10.0, above=True)
    schedule: str = choice("warmup_linear", ("warmup_linear", "warmup_cosine", "warmup_constant"))
    warmup: float = number(0.002, 0.0, 0.999999)  # share of the steps
    optimizer: str = choice("release", ("release", "standard"))
    weight_decay: float = number(0.01, 0.0, 1.0)
    max_norm: float = number(1.0, 0.0, 1e9)
    keep: str = choice("last", ("last", "best"))  # which epoch
    drop_last: bool = True  # what is left of an epoch and fills no batch
    max_length: int = number(0, 0, 100_000)  # positions of a sequence; 0: the model's context
    # of a pair: half of the context each (release), or what the other leaves (fit)
    truncation: str = choice("release", ("release", "fit"))
    limit: int = number(0, 0, 2**31 - 1)  # rows of each split; 0: all
    seeds: int = number(5, 1, 1000)  # models; the first has config.seed, then + 1, + 2, ...
    checkpoint_every: int = number(1000, 1, 2**40)
    log_every: int = number(20, 1, 2**40)


@dataclass(frozen=True)
class AblationsConfig:
    """What the full model is compared with, beside itself without one of its parts."""

    lstm: str = ""  # work folder of a pre-training with gpt.lstm_units; empty: no LSTM


@dataclass(frozen=True)
class LayersConfig:
    """The analysis by the number of layers transferred."""

    # -1: nothing, 0: the table of embeddings, 1, 2, ...; none: every number there is
    counts: tuple[int, ...] = whole_numbers(-1, 1000)


@dataclass(frozen=True)
class ZeroShotConfig:
    """What the language model is asked before any fine-tuning."""

    tasks: tuple[str, ...] = words(("cola", "sst2", "race"), ZERO_SHOT_TASKS)
    winograd: str = ""  # file of Winograd schemas: .xml, .json, .jsonl, or blocks of four lines
    limit: int = number(0, 0, 2**31 - 1)  # questions of each task; 0: all


@dataclass(frozen=True)
class PretrainingRun:
    """A whole run of the kind "pretraining"."""

    kind: str = choice("pretraining", ("pretraining",))
    seed: int = number(0, 0, 2**31 - 1)
    gpt: GPTConfig = field(default_factory=GPTConfig)
    tokenizer: TokenizerConfig = field(default_factory=TokenizerConfig)
    corpus: CorpusConfig = field(default_factory=CorpusConfig)
    pretraining: PretrainingConfig = field(default_factory=PretrainingConfig)
    sample: SampleConfig = field(default_factory=SampleConfig)
    yardsticks: YardsticksConfig = field(default_factory=YardsticksConfig)
    hosts: HostsConfig = field(default_factory=HostsConfig)
    report: ReportConfig = field(default_factory=ReportConfig)


@dataclass(frozen=True)
class FineTuningRun:
    """A whole run of the kind "fine_tuning"."""

    kind: str = choice("fine_tuning", ("fine_tuning",))
    seed: int = number(0, 0, 2**31 - 1)
    tests: tuple[str, ...] = words((), GPT_TESTS)
    analyses: tuple[str, ...] = words((), GPT_ANALYSES)
    protocol: ProtocolConfig = field(default_factory=ProtocolConfig)
    gpt: GPTConfig = field(default_factory=GPTConfig)
    tokenizer: TokenizerConfig = field(default_factory=TokenizerConfig)
    fine_tuning: FineTuningConfig = field(default_factory=FineTuningConfig)
    part: PartConfig = field(default_factory=PartConfig)
    gradient: GradientConfig = field(default_factory=GradientConfig)
    leave_one_out: LeaveOneOutConfig = field(default_factory=LeaveOneOutConfig)
    random: RandomConfig = field(default_factory=RandomConfig)
    permutation: PermutationConfig = field(default_factory=PermutationConfig)
    adversary: AdversaryConfig = field(default_factory=AdversaryConfig)
    ablations: AblationsConfig = field(default_factory=AblationsConfig)
    layers: LayersConfig = field(default_factory=LayersConfig)
    zero_shot: ZeroShotConfig = field(default_factory=ZeroShotConfig)
    bootstrap: BootstrapConfig = field(default_factory=BootstrapConfig)
    memory: MemoryConfig = field(default_factory=MemoryConfig)
    report: ReportConfig = field(default_factory=ReportConfig)
