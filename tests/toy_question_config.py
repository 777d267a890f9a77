"""A run small enough for tests: every test of a trained model that answers questions."""

import json
import random
from pathlib import Path

from ml_collections import ConfigDict

from attnjax.config import JAIN_WALLACE
from tests.toy_config import get_config as get_toy_config

NAMES = ("mary", "john", "anna", "paul")
PLACES = ("kitchen", "garden", "office", "hall")


def get_config() -> ConfigDict:
    """Return the config; `config.data.path` is left to the command line."""
    config = get_toy_config()
    config.data.question_column = "question"
    config.data.candidates_column = "candidates"
    config.model.encoder = "average"
    config.training.class_weights = False
    config.training.attention_weight_decay = config.training.weight_decay
    config.adversary.epsilon = 0.05
    config.tests = tuple(name for name in JAIN_WALLACE if not name.startswith("planted"))
    return config


def write_questions(path: Path, count: int) -> Path:
    """Write passages that say where two people are, and ask for one of them.

    Only the two places of a passage are possible answers.
    """
    generator = random.Random(0)
    rows = []
    for _ in range(count):
        names, places = generator.sample(NAMES, 2), generator.sample(PLACES, 2)
        facts = [f"{name} is in the {place} ." for name, place in zip(names, places, strict=True)]
        asked = generator.randrange(2)
        rows.append(
            {
                "text": " ".join(facts),
                "question": f"where is {names[asked]} ?",
                "label": places[asked],
                "candidates": sorted(places),
            }
        )
    path.write_text("\n".join(map(json.dumps, rows)) + "\n")
    return path
