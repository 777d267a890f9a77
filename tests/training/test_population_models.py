"""Eight models of the package as one program end as each does alone, after one epoch."""

import dataclasses

import chex
import jax
import numpy as np
import pytest

from attnjax.config import ModelConfig
from attnjax.models.build import build_model
from attnjax.training.members import Members, members_of_seeds
from attnjax.training.objectives import classification, imitation
from attnjax.training.population import fit_population

from .toy import LENGTHS, VOCABULARY, toy_config, toy_split

pytestmark = pytest.mark.slow

EQUAL = 1e-5
"""float32: products over several members may be summed in another order; weights near 1."""
MEMBERS = {
    "seeds": (members_of_seeds(np.arange(3, 11)), classification),
    "lambdas": (
        Members(np.full(8, 3), np.float32(5.25e-4 * 4.0 ** np.arange(-3, 5))),
        imitation(),
    ),
}


def with_a_base(split):
    """A split with something to imitate: attention that rises, and a class distribution."""
    rising = [np.arange(1, len(ids) - 1, dtype=np.float32) for ids in split.token_ids]
    return dataclasses.replace(
        split,
        guide=tuple(weights / weights.sum() for weights in rising),
        reference=np.tile(np.float32([0.3, 0.7]), (len(rising), 1)),
    )


def member(params, i):
    return jax.tree.map(lambda leaf: leaf[i], params)


@pytest.mark.parametrize("encoder", ["lstm", "cnn", "average"])
@pytest.mark.parametrize("kind", MEMBERS)
def test_eight_together_end_as_each_alone(tmp_path, encoder, kind):
    model = build_model(
        ModelConfig(encoder=encoder, embedding_size=6, hidden_size=8),
        vocabulary_size=VOCABULARY,
        num_classes=2,
    )
    members, objective = MEMBERS[kind]
    train, dev = (with_a_base(toy_split(60, seed=seed)) for seed in (0, 1))

    def train_in(folder, members):
        return fit_population(
            model,
            train=train,
            dev=dev,
            lengths=LENGTHS,
            config=toy_config(epochs=1),
            members=members,
            objective=objective,
            directory=folder / "checkpoints",
            metrics_path=folder / "metrics.jsonl",
            progress=False,
        ).params

    together = train_in(tmp_path / "together", members)
    for i in range(8):
        one = Members(members.seeds[i : i + 1], members.weights[i : i + 1])
        alone = train_in(tmp_path / str(i), one)
        chex.assert_trees_all_close(member(alone, 0), member(together, i), rtol=0, atol=EQUAL)
