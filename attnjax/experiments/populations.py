"""The stages that train several models as one program, and what those models say."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Float

from attnjax.config import Config
from attnjax.data.batching import evaluation_batches
from attnjax.data.encoded import EncodedSplit
from attnjax.experiments.result import Result
from attnjax.experiments.training import params_digest, recorded_params
from attnjax.experiments.trial import Interruptible, Trial, evaluation_batch_size
from attnjax.training.members import Members
from attnjax.training.objectives import Objective
from attnjax.training.population import (
    PopulationPredictions,
    PopulationResult,
    fit_population,
    predict_population,
)
from attnjax.types import AttentionModel, Params

SPLITS = ("train", "dev", "test")


class Population(NamedTuple):
    """What a stage trains.

    Attributes:
        config: of the model and of its training.
        members: seeds and weights.
        objective: what they minimise.
        splits: the data, with what the objective or the model reads beside the texts.
    """

    config: Config
    members: Members
    objective: Objective
    splits: Mapping[str, EncodedSplit]


Describe = Callable[[Trial], Population]
Choose = Callable[[Trial, PopulationPredictions], dict[str, Any]]


def member_seeds(config: Config) -> tuple[int, ...]:
    """Return the seeds of all tests that train one model several times.

    Example:
        >>> from attnjax.config import resolve
        >>> member_seeds(resolve({"seed": 7, "seeds": {"count": 2}}))
        (8, 9)
    """
    following = range(config.seed + 1, config.seed + 1 + config.seeds.count)
    return config.seeds.values or tuple(following)


def training_config(config: Config, *, epochs: int = 0, **model: str) -> Config:
    """Return a config for training members: fresh weights, every epoch.

    Args:
        config: of the run.
        epochs: instead of the run's own, if above 0.
        model: fields of the model section that differ from the run's.

    Example:
        >>> from attnjax.config import resolve
        >>> training_config(resolve({}), attention="uniform").model.attention
        'uniform'
    """
    training = config.training
    return dataclasses.replace(
        config,
        model=dataclasses.replace(config.model, weights="", **model),
        training=dataclasses.replace(training, epochs=epochs or training.epochs, patience=0),
    )


def model_of(trial: Trial, population: Population) -> AttentionModel:
    """Return the model that all members share."""
    return trial.model_like(population.config)


def train_population(
    trial: Trial, stage: str, describe: Describe, choose: Choose | None = None
) -> Result:
    """Train the members of a stage, or continue to.

    Args:
        trial: of the run.
        stage: its name.
        describe: what it trains.
        choose: from the predictions on the split of choices to what the summary says of one.

    Returns:
        A summary: `seeds`, `weights`, `best_epoch` and `best_score` by member,
        `epochs_run`, `params_sha256`, `seconds`, and the choice.
    """
    population = describe(trial)
    result = _fit(trial, stage, population)
    trial.params[stage] = result.params
    summary = {
        "seeds": population.members.seeds.tolist(),
        # As the config has them: 0.1 in float32 is 0.10000000149.
        "weights": [float(f"{one:.7g}") for one in population.members.weights],
        "best_epoch": result.best_epoch.tolist(),
        "best_score": result.best_score.tolist(),
        "epochs_run": result.epochs_run,
        "params_sha256": params_digest(result.params),
        "seconds": result.seconds,
    }
    if choose is not None:
        split = trial.config.selection.split
        summary |= choose(trial, predict_split(trial, population, result.params, split))
    return Result(summary, {})


def _fit(trial: Trial, stage: str, population: Population) -> PopulationResult:
    """Fit, continue, or restore a finished fit, from the stage's own checkpoints."""
    config = population.config
    return fit_population(
        model_of(trial, population),
        train=population.splits["train"],
        dev=population.splits[config.selection.split],
        lengths=trial.data.lengths,
        config=config,
        members=population.members,
        objective=population.objective,
        directory=trial.directory / "checkpoints" / stage,
        metrics_path=trial.directory / f"metrics.{stage}.jsonl",
        name=stage,
        progress=trial.progress,
        stop=trial.stop,
        warn=trial.say,
    )


def population_params(trial: Trial, stage: str, population: Population) -> Params:
    """Return the params of a finished stage's members, from memory or its checkpoints.

    Raises:
        WorkFolderError: if the checkpoints no longer hold what the stage recorded.
    """
    return recorded_params(trial, stage, lambda: _fit(trial, stage, population).params)


def predictions_of(
    trial: Trial, stage: str, describe: Describe, split: str = "test"
) -> PopulationPredictions:
    """Return what the members of a finished stage say about a split."""
    population = describe(trial)
    return predict_split(trial, population, population_params(trial, stage, population), split)


def predict_split(
    trial: Trial, population: Population, params: Params, split: str
) -> PopulationPredictions:
    """Return what members say about a split, in the split's order."""
    encoded, config = population.splits[split], population.config
    # Every member has its own arrays of a batch.
    share = max(1, config.memory.bytes // len(population.members.seeds))
    bounded = dataclasses.replace(config, memory=dataclasses.replace(config.memory, bytes=share))
    batches = evaluation_batches(
        encoded,
        lengths=trial.data.lengths,
        batch_size=evaluation_batch_size(bounded, trial.data.lengths[-1]),
    )
    found = predict_population(
        model_of(trial, population), params, Interruptible(batches, trial.raise_if_stopped)
    )
    place = {int(one): row for row, one in enumerate(found.instance_id)}
    order = [place[int(one)] for one in encoded.instance_id]
    return PopulationPredictions(
        instance_id=found.instance_id[order],
        label=found.label[order],
        probability=found.probability[:, order],
        attention=tuple(found.attention[row] for row in order),
    )


def member(params: Params, index: int) -> Params:
    """Return the weights of one member.

    Example:
        >>> member({"w": np.arange(3)}, 1)["w"].item()
        1
    """
    return jax.tree.map(lambda leaf: leaf[index], params)


class Seen(NamedTuple):
    """What one model says about a split, in the split's order.

    Attributes:
        attention: over the words of each text.
        probability: class distributions.
    """

    attention: tuple[Float[np.ndarray, " _"], ...]
    probability: Float[np.ndarray, "N classes"]


def with_attention(
    splits: Mapping[str, EncodedSplit], seen: Mapping[str, Seen], *, reference: bool = False
) -> dict[str, EncodedSplit]:
    """Return splits whose guide is a model's attention.

    Args:
        splits: the data.
        seen: what the model says about each of them.
        reference: whether its class distributions are given too.

    Example:
        >>> ids = (np.array([2, 7, 3], np.int32),)
        >>> split = EncodedSplit(ids, np.zeros(1, np.int32), np.zeros(1, np.int32))
        >>> seen = Seen((np.ones(1, np.float32),), np.array([[0.2, 0.8]], np.float32))
        >>> with_attention({"dev": split}, {"dev": seen})["dev"].guide
        (array([1.], dtype=float32),)
    """
    return {
        name: dataclasses.replace(
            split,
            guide=seen[name].attention,
            reference=seen[name].probability if reference else None,
        )
        for name, split in splits.items()
    }
