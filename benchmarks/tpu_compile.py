"""Compile every public entry for a TPU v5e 2x2, ahead of time, on a machine without a TPU.

The extra `tpu` brings libtpu, the real compiler, which needs no device to compile for one.
One process at a time: libtpu locks itself.

    pip install -e ".[tpu]"
    python -m benchmarks.tpu_compile --json tpu.json
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import jax
import jax.numpy as jnp
import numpy as np
from jax.experimental import topologies
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from attnjax.adversaries.exact import exact_adversary_of_model
from attnjax.adversaries.permutation import permutation_outputs
from attnjax.adversaries.search import SearchSettings, search
from attnjax.adversaries.slab import attention_reach
from attnjax.config import ModelConfig, TrainingConfig
from attnjax.measures.erasure import leave_one_out
from attnjax.measures.gradients import gradient_importances
from attnjax.measures.kendall import kendall_taus
from attnjax.models.build import build_model
from attnjax.training.mesh import make_mesh, replicated
from attnjax.training.optimizers import build_optimizer
from attnjax.training.predict import predict_batch
from attnjax.training.state import initial_state
from attnjax.training.step import StepSettings, compiled_train_step
from attnjax.types import AttentionModel, Batch, Inputs
from benchmarks.hlo_text import Form, read_form
from benchmarks.jaxpr_flops import count_flops
from benchmarks.tpu_gpt import gpt_entries

TOPOLOGY = "v5e:2x2"
VOCABULARY, EMBEDDING = 13_826, 300
"""Of SST as Jain & Wallace (2019) prepare it."""

PAPER = SearchSettings(
    starts="noise", constraint="penalty", keep="last", jsd="exact", amsgrad="release"
)
"""The search of the paper, 5 candidates and 500 steps."""


COLUMNS = (
    "entry",
    "MFLOP, 4 chips, whole loops",
    "MFLOP, a chip, loops once",
    "MB accessed",
    "arguments, MB",
    "temporary, MB",
    "peak, MB",
    "loop steps",
    "thousand cycles",
    "costly operations",
    "padding",
    "compiled in, CPU s",
)


class Problem(NamedTuple):
    """Model and abstract arrays, placed on the devices of a topology."""

    model: AttentionModel
    params: Any
    inputs: Inputs
    key: jax.ShapeDtypeStruct
    mesh: Mesh


class Compiled(NamedTuple):
    """What the compiler says about one entry.

    Attributes:
        entry: its name.
        compile_seconds: processor seconds of XLA alone, without tracing.
        flops: of all devices, every loop counted as often as it runs.
        flops_bounded: whether that leaves out repetitions of a loop whose length depends on
            the data.
        compiler_flops: of one device, by the compiler; each loop's body counted once.
        bytes_accessed: likewise.
        argument_bytes: arrays passed in, one device.
        temporary_bytes: working memory of one device.
        peak_bytes: everything that one device holds at the worst moment.
        form: loops, costly operations and padding.
    """

    entry: str
    compile_seconds: float
    flops: float
    flops_bounded: bool
    compiler_flops: float
    bytes_accessed: float
    argument_bytes: int
    temporary_bytes: int
    peak_bytes: int
    form: Form


def make_problem(mesh: Mesh, *, batch_size: int, length: int, hidden_size: int) -> Problem:
    """Return an SST-like problem: batch split over `data`, weights on every device."""
    config = ModelConfig(encoder="lstm", embedding_size=EMBEDDING, hidden_size=hidden_size)
    model = build_model(config, vocabulary_size=VOCABULARY, num_classes=2)

    def batch(*shape: int, dtype: Any) -> jax.ShapeDtypeStruct:
        split = NamedSharding(mesh, PartitionSpec("data"))
        return jax.ShapeDtypeStruct((batch_size, *shape), dtype, sharding=split)

    inputs = Inputs(
        token_ids=batch(1, length, dtype=jnp.int32),
        mask=batch(1, length, dtype=jnp.bool_),
        attendable=batch(1, length, dtype=jnp.bool_),
        label=batch(dtype=jnp.int32),
        instance_id=batch(dtype=jnp.int32),
    )
    key = on_every_device(jax.eval_shape(jax.random.key, 0), mesh)
    one = jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape[1:], leaf.dtype), inputs)
    params = on_every_device(jax.eval_shape(model.init, key, one), mesh)
    return Problem(model, params, inputs, key, mesh)


def on_every_device(tree: Any, mesh: Mesh) -> Any:
    """Return abstract arrays that every device holds whole."""
    return jax.tree.map(
        lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=replicated(mesh)), tree
    )


def trace_train_step(problem: Problem) -> jax.stages.Traced:
    optimizer = build_optimizer(TrainingConfig(amsgrad="fixed"), ModelConfig())
    start = partial(initial_state, optimizer=optimizer)
    state = jax.eval_shape(lambda params, key: start(params, key=key), problem.params, problem.key)
    valid = problem.inputs.label.update(dtype=jnp.bool_)
    return compiled_train_step.trace(
        on_every_device(state, problem.mesh),
        Batch(problem.inputs, valid),
        on_every_device(jax.ShapeDtypeStruct((2,), jnp.float32), problem.mesh),
        on_every_device(jax.ShapeDtypeStruct((), jnp.float32), problem.mesh),
        model=problem.model,
        optimizer=optimizer,
        settings=StepSettings(),
    )


def entries(problem: Problem) -> dict[str, Callable[[], jax.stages.Traced]]:
    """Return how each public entry is traced."""
    model, params, inputs, key, _ = problem
    where = inputs.attendable.update(shape=(len_of(inputs), inputs.attendable.shape[-1]))
    scores = where.update(dtype=jnp.float32)
    values, bias = (
        scores.update(shape=(*scores.shape, 1)),
        scores.update(shape=(scores.shape[0], 1)),
    )
    return {
        "train step": partial(trace_train_step, problem),
        "evaluation": partial(predict_batch.trace, params, inputs, model=model),
        "gradient": partial(gradient_importances.trace, model, params, inputs),
        "leave-one-out": partial(leave_one_out.trace, model, params, inputs),
        "permutations, 100": partial(
            permutation_outputs.trace, model, params, inputs, key, count=100
        ),
        "search, the paper's 5 x 500": partial(search.trace, model, params, inputs, key, PAPER),
        "search, default": partial(search.trace, model, params, inputs, key, SearchSettings()),
        "exact adversary, 1 epsilon": partial(
            exact_adversary_of_model.trace, model, params, inputs, epsilons=(0.01,)
        ),
        "reach": partial(attention_reach.trace, scores, values, bias, where),
        "tau": partial(kendall_taus.trace, scores, scores, where),
    }


def len_of(inputs: Inputs) -> int:
    return inputs.label.shape[0]


def compile_entry(
    name: str, trace: Callable[[], jax.stages.Traced], folder: Path | None = None
) -> Compiled:
    """Trace, lower and compile one entry; keep the program's text where a folder is given."""
    # The package chooses block sizes by the backend it runs on, which here is the CPU.
    with mock.patch.object(jax, "default_backend", return_value="tpu"):
        traced = trace()
    lowered = traced.lower()
    begin = time.process_time()
    compiled = lowered.compile()
    seconds = time.process_time() - begin
    flops = count_flops(traced.jaxpr.jaxpr)
    text = compiled.as_text() or ""
    if folder:
        (folder / f"{name}.hlo").write_text(text, encoding="utf-8")
    cost, memory = compiled.cost_analysis(), compiled.memory_analysis()
    assert cost is not None
    assert memory is not None
    return Compiled(
        entry=name,
        compile_seconds=round(seconds, 2),
        flops=flops.count,
        flops_bounded=flops.bounded,
        compiler_flops=cost["flops"],
        bytes_accessed=cost["bytes accessed"],
        argument_bytes=memory.argument_size_in_bytes,
        temporary_bytes=memory.temp_size_in_bytes,
        peak_bytes=memory.peak_memory_in_bytes,
        form=read_form(text),
    )


def markdown(table: Sequence[Compiled]) -> str:
    """Return the table as Markdown."""
    lines = [
        f"| {' | '.join(COLUMNS)} |",
        f"| --- | {' | '.join('---:' for _ in COLUMNS[1:])} |",
    ]
    return "\n".join(lines + [f"| {' | '.join(_cells(row))} |" for row in table])


def _cells(row: Compiled) -> tuple[str, ...]:
    form, at_least = row.form, "at least " if row.flops_bounded else ""
    operations = ", ".join(f"{count} {name}" for name, count in form.operations.items())
    sizes = (row.bytes_accessed, row.argument_bytes, row.temporary_bytes, row.peak_bytes)
    return (
        row.entry,
        f"{at_least}{row.flops / 1e6:,.0f}",
        f"{row.compiler_flops / 1e6:,.1f}",
        *(f"{size / 1e6:,.1f}" for size in sizes),
        ", ".join(form.loops) or "none",
        f"{form.cycles / 1e3:,.0f}",
        operations or "none",
        f"{form.padded / max(form.logical, 1):.2f}",
        f"{row.compile_seconds:.1f}",
    )


def write(path: Path, table: Sequence[Compiled], settings: dict[str, Any]) -> None:
    """Write JSON to a path and Markdown beside it."""
    rows = [row._asdict() | {"form": _plain(row.form)} for row in table]
    content = {"topology": TOPOLOGY, "jax": jax.__version__, **settings, "entries": rows}
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    path.with_suffix(".md").write_text(markdown(table) + "\n", encoding="utf-8")


def _plain(form: Form) -> dict[str, Any]:
    return form._asdict() | {"worst": form.worst and form.worst._asdict()}


def topology_devices() -> np.ndarray:
    """Return the abstract devices of the topology; libtpu must be installed."""
    # Otherwise libtpu asks the cloud's metadata server what machine this is, and waits.
    os.environ["TPU_SKIP_MDS_QUERY"] = "1"
    jax.config.update("jax_platforms", "cpu")
    # What the command sets, so that the numbers of a TPU are those of a CPU.
    jax.config.update("jax_default_matmul_precision", "highest")
    description = topologies.get_topology_desc(platform="tpu", topology_name=TOPOLOGY)
    return np.array(description.devices)


def main(arguments: Sequence[str]) -> int:
    """Compile all entries, or those named, and write the table."""
    parser = argparse.ArgumentParser(prog="benchmarks.tpu_compile", description=__doc__)
    parser.add_argument("--json", type=Path, required=True, help="where the table goes")
    parser.add_argument("--only", nargs="*", help="entries, by the beginning of their names")
    parser.add_argument("--batch-size", type=int, default=128)
    parser.add_argument("--length", type=int, default=56, help="positions of a text, tokens")
    parser.add_argument("--hidden-size", type=int, default=128, help="of each direction")
    parser.add_argument("--hlo", type=Path, help="folder for the compiled programs' text")
    options = parser.parse_args(arguments)
    devices = topology_devices()
    mesh = make_mesh(devices)
    sizes = {
        "batch_size": options.batch_size,
        "length": options.length,
        "hidden_size": options.hidden_size,
    }
    problem = make_problem(mesh, **sizes)
    table = []
    for name, trace in (entries(problem) | gpt_entries(devices)).items():
        if options.only and not name.startswith(tuple(options.only)):
            continue
        table.append(compile_entry(name, trace, options.hlo))
        print(f"{name}: {table[-1].compile_seconds} CPU s", file=sys.stderr, flush=True)
    write(options.json, table, sizes)
    print(markdown(table))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
