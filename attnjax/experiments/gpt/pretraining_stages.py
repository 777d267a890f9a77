"""The stages of a pre-training that train the model and judge it."""

import dataclasses
import shutil
from pathlib import Path
from typing import Any

import jax
import numpy as np
from jaxtyping import Int

from attnjax.data.gpt.held_out import HeldOutBatches
from attnjax.experiments.gpt.adapters import language_model
from attnjax.experiments.gpt.corpus_stages import documents_of
from attnjax.experiments.gpt.pretraining_work import PretrainingWork
from attnjax.experiments.gpt.starting_point import SNAPSHOTS, WEIGHTS, digest_of, read_pretrained
from attnjax.experiments.result import Result
from attnjax.models.gpt.generate import generate
from attnjax.models.gpt.model import GPT, init_params
from attnjax.models.gpt.weights import export, transfer
from attnjax.models.gpt.weights_huggingface import write_huggingface
from attnjax.training.gpt.evaluate import compile_token_losses, held_out_scores, held_out_totals
from attnjax.training.gpt.optimizer import OptimizerSettings
from attnjax.training.gpt.placement import state_shardings, whole
from attnjax.training.gpt.pretrain import SampleFn, pretrain
from attnjax.training.gpt.settings import PretrainSettings
from attnjax.training.hosts import is_writer, wait_for_hosts
from attnjax.types import Params

MOST_SAMPLES = 4
"""Held-out documents whose beginnings the finished model goes on with."""


def pretrain_settings(work: PretrainingWork) -> PretrainSettings:
    """Return the settings of a run's pre-training.

    Args:
        work: in progress.
    """
    config = work.config.pretraining
    optimizer = OptimizerSettings(
        form="release" if config.optimizer == "release" else "standard",
        learning_rate=config.learning_rate,
        schedule=_SCHEDULES[config.schedule],
        weight_decay=config.weight_decay,
        decay_vectors=config.decay_vectors,
        max_norm=config.max_norm,
        b1=config.b1,
        b2=config.b2,
        epsilon=config.epsilon,
    )
    names = {spec.name for spec in dataclasses.fields(PretrainSettings)} - {"optimizer"}
    shared = {name: value for name, value in vars(config).items() if name in names}
    return PretrainSettings(
        **shared, context=work.config.gpt.context, optimizer=optimizer, seed=work.config.seed
    )


_SCHEDULES: dict[str, Any] = {
    name: name for name in ("warmup_linear", "warmup_cosine", "warmup_constant")
}


def pretrain_stage(work: PretrainingWork) -> Result:
    """Train the language model, or continue to, and keep its weights.

    Args:
        work: in progress.
    """
    gpt, mesh = work.gpt, work.mesh

    def keep(params: Params, step: int) -> None:
        _write_weights(work.directory / SNAPSHOTS / str(step), gathered(params, mesh), gpt)

    result = pretrain(
        language_model(gpt),
        params=initial_params(gpt, work.config.seed),
        train=documents_of(work, "train"),
        held_out=documents_of(work, "held_out"),
        settings=pretrain_settings(work),
        directory=work.directory / "checkpoints" / "pretrain",
        metrics_path=work.directory / "metrics.jsonl",
        progress=work.progress,
        stop=work.stop,
        warn=work.say,
        mesh=mesh,
        sample=_sampler(work, gpt),
        keep=keep,
    )
    work.kept["params"] = result.params
    last = gathered(result.params, mesh)
    _write_weights(work.directory / WEIGHTS, last, gpt)
    settings = work.config.pretraining
    seen = result.steps * settings.batch_size * work.config.gpt.context
    return Result(
        {
            "parameters": int(sum(leaf.size for leaf in jax.tree.leaves(last))),
            "params_sha256": digest_of(export(last, gpt.settings).arrays),
            "steps": result.steps,
            "tokens_seen": seen,
            "epochs_seen": seen / max(1, work.summary("tokens")["train"]["tokens"]),
            "dropped": result.dropped,
            "scores": {name: value for name, value in result.scores.items() if name != "sample"},
            "devices": {"data": mesh.shape["data"], "model": mesh.shape["model"]},
            "seconds": result.seconds,
        },
        {},
    )


def initial_params(gpt: GPT, seed: int) -> Params:
    """Return the weights before the first step; the same on every host.

    Args:
        gpt: the model.
        seed: of the run.
    """
    return jax.jit(init_params, static_argnums=0)(gpt.settings, jax.random.key(seed))


def gathered(params: Params, mesh: jax.sharding.Mesh) -> Params:
    """Return params whole on every device, so that each host can read all of them.

    Args:
        params: as they lie on the mesh.
        mesh: of the run.
    """
    if mesh.size == 1:
        return params
    return jax.jit(lambda tree: tree, out_shardings=whole(mesh))(params)


def _write_weights(folder: Path, params: Params, gpt: GPT) -> None:
    """Write weights in Hugging Face's layout, in place of what an earlier try left there."""
    if is_writer():
        shutil.rmtree(folder, ignore_errors=True)
        write_huggingface(folder, params, gpt.settings)
    wait_for_hosts(f"the weights {folder.name} are written")


def trained_params(work: PretrainingWork) -> Params:
    """Return the weights of the finished pre-training, on the devices of the run.

    Args:
        work: in progress.

    Raises:
        WorkFolderError: if they are not those that were trained.
    """
    if "params" not in work.kept:
        gpt, start = work.gpt, read_pretrained(work.directory)
        fresh = initial_params(gpt, work.config.seed)
        params = transfer(start.weights, gpt.settings, fresh).params
        work.kept["params"] = jax.device_put(params, state_shardings(params, work.mesh))
    return work.kept["params"]


def evaluate_stage(work: PretrainingWork) -> Result:
    """Judge the finished model by every token of the held-out documents; let it write.

    Args:
        work: in progress.
    """
    params, mesh, settings = trained_params(work), work.mesh, pretrain_settings(work)
    documents = documents_of(work, "held_out")
    batches = HeldOutBatches(
        documents,
        context=settings.context,
        batch_size=settings.evaluation_batch,
        stride=settings.evaluation_stride,
    )
    losses = compile_token_losses(language_model(work.gpt).token_losses, mesh)
    totals, tokens = held_out_totals(losses, params, batches, mesh)
    scores = held_out_scores(documents, totals, tokens)
    names = [span.name for span in documents.spans][:MOST_SAMPLES]
    samples = [
        written
        for place, name in enumerate(names)
        if (written := _sample(work, work.gpt, params, name, place)) is not None
    ]
    return Result({**scores, "samples": samples}, {})


def _sampler(work: PretrainingWork, gpt: GPT) -> SampleFn | None:
    """Return what writes a text at every evaluation; None where nobody asked for texts."""
    if work.config.sample.tokens == 0:
        return None
    first = documents_of(work, "held_out").spans[0].name

    def sample(params: Params, step: int) -> str:
        written = _sample(work, gpt, params, first, step)
        return f"{written['prompt']} |{written['text']}" if written else ""

    return sample


def _sample(
    work: PretrainingWork, gpt: GPT, params: Params, name: str, number: int
) -> dict[str, str] | None:
    """Return a beginning and how the model goes on; None where nobody asked for texts.

    Args:
        work: in progress.
        gpt: the model.
        params: its weights.
        name: of the document whose beginning is used.
        number: of the text: the draws of two are different.
    """
    settings, tokenizer = work.config.sample, work.tokenizer
    length = min(settings.tokens, gpt.settings.context)
    if length < 2:
        return None
    prompt = _prompt(work, name)[: min(settings.prompt_tokens, length - 1)]
    key = jax.random.fold_in(jax.random.key(work.config.seed), number)
    text = generate(
        params,
        prompt,
        key,
        gpt=gpt,
        length=length,
        temperature=settings.temperature,
        top_k=settings.top_k,
    )
    ids = np.asarray(text)
    given = tokenizer.decode(ids[: len(prompt)])
    # All of it at once: the beginning may end within a word.
    return {
        "document": name,
        "prompt": given,
        "text": tokenizer.decode(ids).removeprefix(given),
    }


def _prompt(work: PretrainingWork, name: str) -> Int[np.ndarray, " P"]:
    """Return the beginning that the config gives, or else that of a document."""
    given = work.config.sample.prompt
    if given and (ids := work.tokenizer.encode(given)):
        return np.asarray(ids, np.int32)
    documents = documents_of(work, "held_out")
    span = {one.name: one for one in documents.spans}[name]
    return np.asarray(documents.tokens[span.start : span.end], np.int32)
