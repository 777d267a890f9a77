"""Training many models as one program: other seeds, or other weights of an objective."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
from jax.sharding import Mesh
from jaxtyping import Float, Int

from attnjax.config import Config
from attnjax.data.encoded import EncodedSplit
from attnjax.training.host import (
    copied,
    never_stop,
    num_steps_taken,
    print_warning,
    run_program,
)
from attnjax.training.members import Members, first_members, place_members
from attnjax.training.mesh import member_mesh, replicate
from attnjax.training.objectives import Objective
from attnjax.training.population_run import prepare_population, program_of, start_population
from attnjax.training.population_step import predict_members
from attnjax.training.predict import BatchPredictions
from attnjax.training.state import Best, Progress, Snapshot
from attnjax.types import AttentionModel, Batch, Params


class PopulationResult(NamedTuple):
    """What training a population ends with.

    Attributes:
        params: the weights of each member's best epoch; arrays with a leading axis M.
        best_epoch: counted from 0; -1 where nothing was trained.
        best_score: by which it was chosen on dev: `config.selection.score`, or minus a loss;
            NaN where nothing was trained.
        epochs_run: epochs trained; all members run to the last.
        steps: steps taken, by each member.
        seconds: time spent, over all continuations.
        status: "finished".
    """

    params: Params
    best_epoch: Int[np.ndarray, " M"]
    best_score: Float[np.ndarray, " M"]
    epochs_run: int
    steps: int
    seconds: float
    status: str


def fit_population(
    model: AttentionModel,
    *,
    train: EncodedSplit,
    dev: EncodedSplit,
    lengths: Sequence[int],
    config: Config,
    members: Members,
    objective: Objective,
    directory: Path,
    metrics_path: Path,
    name: str = "population",
    progress: bool = True,
    stop: Callable[[], bool] = never_stop,
    warn: Callable[[str], None] = print_warning,
    mesh: Mesh | None = None,
) -> PopulationResult:
    """Train all members of a population at once and return each one's best weights.

    One program takes a step of every member. The sequence of padded lengths is common to
    all (from `config.seed` and the epoch); within a padded length each member has its own
    shuffle (from its seed and the epoch). A member ends as it would alone, and one whose
    seed is `config.seed` as `fit` does. All run to the last epoch, whatever
    `config.training.patience`; the best weights of each are kept on the devices. The same
    call continues where an earlier one was killed, and ends (on CPU) with the same bits.

    Args:
        model: the classifier.
        train: what they learn from.
        dev: what epochs are judged on.
        lengths: padded lengths of batches, increasing.
        config: its sections `training` and `model` and its seed are read.
        members: seeds and weights.
        objective: what they minimise and are judged by. It may need arrays of both splits:
            `imitation` their `guide` and `reference`, `concealment` their `marked`.
        directory: of this run's checkpoints.
        metrics_path: the file that gets one JSON line per logged step and evaluation, with
            every member's loss and scores.
        name: of the run, in every line of that file and in what is displayed.
        progress: whether a terminal gets a progress bar.
        stop: asked after every step; if true the run saves and raises `Interrupted`.
        warn: told about checkpoints that cannot be used.
        mesh: the devices, over which members are split; if None those of `member_mesh`.

    Returns:
        The best weights of each member and how they were found. With
        `config.training.epochs` 0 the initial weights.

    Raises:
        Interrupted: after saving, because `stop` said so.
        TrainingDivergedError: if a loss stops being a finite number, naming the member.
        WorkFolderError: if something cannot be written.

    Source: Wiegreffe & Pinter (2019), section 3.3: models that differ by their seed.

    Example:
        >>> import tempfile
        >>> from attnjax.config import resolve
        >>> from attnjax.models.build import build_model
        >>> from attnjax.training.members import members_of_seeds
        >>> from attnjax.training.objectives import classification
        >>> ids = tuple(np.array([2, 4 + i % 2, 3], np.int32) for i in range(8))
        >>> numbers = np.arange(8, dtype=np.int32)
        >>> split = EncodedSplit(ids, label=numbers % 2, instance_id=numbers)
        >>> config = resolve({"model": {"encoder": "average", "embedding_size": 2},
        ...                   "training": {"epochs": 20, "learning_rate": 0.1}})
        >>> model = build_model(config.model, vocabulary_size=6, num_classes=2)
        >>> folder = Path(tempfile.mkdtemp())
        >>> fit_population(
        ...     model, train=split, dev=split, lengths=(8,), config=config,
        ...     members=members_of_seeds([0, 1]), objective=classification,
        ...     directory=folder, metrics_path=folder / "metrics.jsonl").best_score.tolist()
        [1.0, 1.0]
    """
    mesh = member_mesh(len(members.seeds)) if mesh is None else mesh
    shared = {"lengths": lengths, "config": config, "members": members, "mesh": mesh}
    state = start_population(model, split=train, **shared)
    if config.training.epochs == 0:
        nothing = Progress(status="finished")
        return _result(Snapshot(state, Best(state.params), nothing), len(members.seeds))
    population = prepare_population(
        model, train=train, dev=dev, objective=objective, params=state.params, **shared
    )
    snapshot = run_program(
        program_of(population),
        Snapshot(state, Best(copied(state.params)), Progress()),
        directory=directory,
        metrics_path=metrics_path,
        name=name,
        progress=progress,
        stop=stop,
        warn=warn,
    )
    return _result(snapshot, len(members.seeds))


def _result(snapshot: Snapshot, count: int) -> PopulationResult:
    best = snapshot.best
    return PopulationResult(
        params=first_members(best.params, count),
        best_epoch=np.array(best.epoch) if best.score else np.full(count, -1),
        best_score=np.array(best.score) if best.score else np.full(count, np.nan),
        epochs_run=snapshot.progress.epoch,
        steps=num_steps_taken(snapshot.state),
        seconds=snapshot.progress.seconds,
        status=snapshot.progress.status,
    )


class PopulationPredictions(NamedTuple):
    """What every member says about every instance: host arrays, in the order of the batches.

    Attributes:
        instance_id: which instance.
        label: its true class; -1 where it is not known.
        probability: full class distributions.
        attention: for each instance, every member's weights over its real tokens.
    """

    instance_id: Int[np.ndarray, " N"]
    label: Int[np.ndarray, " N"]
    probability: Float[np.ndarray, "M N classes"]
    attention: tuple[Float[np.ndarray, "M _"], ...]


def predict_population(
    model: AttentionModel, params: Params, batches: Iterable[Batch], mesh: Mesh | None = None
) -> PopulationPredictions:
    """Return the predictions of all members for all instances of some batches.

    Args:
        model: the classifier.
        params: weights with a leading axis of members, such as `PopulationResult.params`.
        batches: at least one, on the host.
        mesh: the devices, over which members are split; if None those of `member_mesh`.

    Returns:
        Host arrays, filling rows left out.

    Example:
        >>> import jax
        >>> from attnjax.config import ModelConfig
        >>> from attnjax.data.batching import evaluation_batches
        >>> from attnjax.models.build import build_model
        >>> ids = (np.array([2, 7, 5, 3], np.int32),) * 3
        >>> split = EncodedSplit(ids, np.zeros(3, np.int32), np.arange(3, dtype=np.int32))
        >>> batches = evaluation_batches(split, lengths=(8,), batch_size=2)
        >>> config = ModelConfig(encoder="average", embedding_size=2, hidden_size=2)
        >>> model = build_model(config, vocabulary_size=9, num_classes=2)
        >>> one = jax.tree.map(lambda leaf: jax.numpy.asarray(leaf[0]), batches[0].inputs)
        >>> params = jax.vmap(model.init, (0, None))(jax.random.split(jax.random.key(0), 2), one)
        >>> predict_population(model, params, batches).attention[2].shape
        (2, 2)
    """
    count = len(jax.tree.leaves(params)[0])
    mesh = member_mesh(count) if mesh is None else mesh
    params = place_members(params, mesh)
    asked = [
        (batch, predict_members(params, replicate(batch.inputs, mesh), model=model, mesh=mesh))
        for batch in batches
    ]
    parts = [_valid_rows(batch, jax.device_get(found), count) for batch, found in asked]
    instance_id, label, probability, attention = zip(*parts, strict=True)
    return PopulationPredictions(
        np.concatenate(instance_id),
        np.concatenate(label),
        np.concatenate(probability, axis=1),
        tuple(weights for part in attention for weights in part),
    )


def _valid_rows(batch: Batch, found: BatchPredictions, count: int) -> PopulationPredictions:
    rows = np.flatnonzero(batch.valid)
    attendable = np.asarray(batch.inputs.attendable)[:, 0]
    attention = np.asarray(found.attention)[:count]
    return PopulationPredictions(
        instance_id=np.asarray(batch.inputs.instance_id)[rows],
        label=np.asarray(batch.inputs.label)[rows],
        probability=np.asarray(found.probability)[:count, rows],
        attention=tuple(attention[:, row][:, attendable[row]] for row in rows),
    )
