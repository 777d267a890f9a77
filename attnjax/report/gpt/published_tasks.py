"""What Radford et al. (2018) printed, for the tables that show it beside a run's own numbers.

Source: their tables 2 to 5, verified in two independent copies of the paper. All in percent.
"""

from collections.abc import Mapping

METRICS = {
    "accuracy": "accuracy",
    "f1": "F1",
    "matthews": "Matthews correlation",
    "pearson": "Pearson's correlation",
    "spearman": "Spearman's correlation of ranks",
}
"""Scores, as `results.json` and as a reader calls them."""

TASK_NAMES = {
    "cola": "CoLA",
    "sst2": "SST-2",
    "mrpc": "MRPC",
    "stsb": "STS-B",
    "qqp": "QQP",
    "mnli": "MNLI",
    "qnli": "QNLI",
    "rte": "RTE",
    "snli": "SNLI",
    "scitail": "SciTail",
    "race": "RACE",
    "dream": "DREAM",
    "story_cloze": "Story Cloze",
    "winograd": "Winograd schemas",
}

FINE_TUNED: Mapping[str, float] = {
    "cola": 45.4,
    "sst2": 91.3,
    "mrpc": 82.3,
    "stsb": 82.0,
    "qqp": 70.3,
    "mnli": 82.1,
    "qnli": 88.1,
    "rte": 56.0,
    "snli": 89.9,
    "scitail": 88.3,
    "race": 59.0,
    "story_cloze": 86.5,
}
"""Tables 2 to 4: the first metric of each task on its official test set (MNLI matched)."""

ABLATED: Mapping[str, Mapping[str, float]] = {
    "fine_tune": {
        "cola": 45.4,
        "sst2": 91.3,
        "mrpc": 82.3,
        "stsb": 82.0,
        "qqp": 70.3,
        "mnli": 81.8,
        "qnli": 88.1,
        "rte": 56.0,
    },
    "no_pretraining": {
        "cola": 18.9,
        "sst2": 84.0,
        "mrpc": 79.4,
        "stsb": 30.9,
        "qqp": 65.5,
        "mnli": 75.7,
        "qnli": 71.2,
        "rte": 53.8,
    },
    "no_auxiliary": {
        "cola": 47.9,
        "sst2": 92.0,
        "mrpc": 84.9,
        "stsb": 83.2,
        "qqp": 69.8,
        "mnli": 81.1,
        "qnli": 86.9,
        "rte": 54.4,
    },
    "lstm": {
        "cola": 30.3,
        "sst2": 90.5,
        "mrpc": 83.2,
        "stsb": 71.8,
        "qqp": 68.1,
        "mnli": 73.7,
        "qnli": 81.1,
        "rte": 54.6,
    },
}
"""Table 5, by the name of the variant."""
