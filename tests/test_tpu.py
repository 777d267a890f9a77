"""The public entries compile for a TPU v5e 2x2, with libtpu's compiler and no TPU."""

import importlib.util
import json
import os
import subprocess
import sys

import pytest

from benchmarks.hlo_text import COLLECTIVES, Padded, read_form
from benchmarks.jaxpr_flops import count_flops
from tests.processes import ROOT

HBM_BYTES = 16e9
"""Memory of one v5e chip."""

ENTRIES = (
    "train step",
    "evaluation",
    "gradient",
    "leave-one-out",
    "permutations",
    "search, the paper's",
    "search, default",
    "exact adversary",
    "reach",
    "tau",
)


GPT_ENTRIES = ("GPT-1 step, data parallel", "GPT-1 step, parameters split")


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Every entry's row; one process, because libtpu locks itself."""
    if importlib.util.find_spec("libtpu") is None:
        pytest.skip("libtpu is not installed: the extra `tpu` brings it")
    path = tmp_path_factory.mktemp("tpu") / "tpu.json"
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.tpu_compile", f"--json={path}"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env=os.environ | {"JAX_PLATFORMS": "cpu"},
        timeout=840,
    )
    assert done.returncode == 0, done.stderr
    print(done.stdout)
    return {row["entry"]: row for row in json.loads(path.read_text())["entries"]}


@pytest.mark.tpu
@pytest.mark.timeout(900)
def test_every_entry_compiles_and_fits(table):
    assert len(table) == len(ENTRIES) + len(GPT_ENTRIES)
    for name, row in zip(ENTRIES, table.values(), strict=False):
        assert row["entry"].startswith(name)
        assert 0 < row["peak_bytes"] < HBM_BYTES / 10, row
        assert row["flops"] > 0


@pytest.mark.tpu
@pytest.mark.timeout(900)
def test_a_step_of_the_full_size_gpt_fits_and_exchanges_weights_alone(table):
    """12 layers of 768, context 512, 64 rows on four chips."""
    weights = 116_534_784
    for name, parts in zip(GPT_ENTRIES, (1, 4), strict=True):
        row = table[name]
        # Weights and two moments; what is too small or too odd to be split adds 1 in 100.
        assert row["argument_bytes"] == pytest.approx(3 * 4 * weights / parts, rel=0.01)
        assert row["peak_bytes"] < HBM_BYTES / 2, row
        assert row["temporary_bytes"] < HBM_BYTES / 2, row
        # The table is the largest array of the weights; the logits are ten times as many.
        assert row["form"]["exchanged"] <= 4 * 40_990 * 768, row
        # Nobody works on a part of another's rows.
        found = set(row["form"]["operations"]) & set(COLLECTIVES)
        assert found <= {"all-reduce", "all-gather", "reduce-scatter"}, row
        assert parts > 1 or found == {"all-reduce"}, row


@pytest.mark.tpu
@pytest.mark.timeout(900)
def test_what_is_split_by_instance_shares_only_the_ends_of_loops(table):
    """The scores of an instance are its own; how long a loop runs is a number of the batch."""
    for name, row in table.items():
        if name.startswith(("evaluation", "gradient", "permutations", "search", "exact", "tau")):
            operations = row["form"]["operations"]
            waits = {one: n for one, n in operations.items() if one.startswith(("all-", "coll"))}
            assert set(waits) <= {"all-reduce"}, f"{name}: {waits}"
            # The longest text, and where a search may end early, whether it did.
            assert waits.get("all-reduce", 0) <= 1 + (name == "search, default"), f"{name}: {waits}"


@pytest.mark.tpu
@pytest.mark.timeout(900)
def test_padding_does_not_waste_memory(table):
    """1.5: texts of 56 tokens on 128 lanes are 2.3, but the large arrays are wide."""
    for name, row in table.items():
        if row["temporary_bytes"] > 1e6:
            assert row["form"]["padded"] < 1.5 * row["form"]["logical"], name


PROGRAM = """
%until_56 (arg: (s32[], f32[3,5])) -> pred[] {
  %limit = s32[]{:T(128)} constant(56)
  %arg = (s32[]{:T(128)}, f32[3,5]{1,0:T(8,128)}) parameter(0)
  %at = s32[]{:T(128)} get-tuple-element(%arg), index=0
  ROOT %lt = pred[]{:T(512)} compare(%at, %limit), direction=LT
}

%inner (arg.1: (s32[], f32[3,5])) -> (s32[], f32[3,5]) {
  %arg.1 = (s32[]{:T(128)}, f32[3,5]{1,0:T(8,128)}) parameter(0)
  ROOT %both = f32[3,5]{1,0:T(8,128)} fusion(%arg.1), calls=%fused, x={"estimated_cycles":"10"}
}

%outer (arg.2: (s32[], f32[3,5])) -> (s32[], f32[3,5]) {
  %arg.2 = (s32[]{:T(128)}, f32[3,5]{1,0:T(8,128)}) parameter(0)
  ROOT %w = (s32[]{:T(128)}, f32[3,5]{1,0}) while(%arg.2), condition=%until_56, body=%inner
}

%fused (p: f32[3,5]) -> f32[3,5] {
  ROOT %huge = f32[900,3,5]{2,1,0:T(8,128)} sort(%p), dimensions={0}
}

%until (arg.3: (s32[], f32[3,5])) -> pred[] {
  ROOT %enough = pred[]{:T(512)} compare(%a, %b), direction=LT
}

ENTRY %main (x: f32[3,5]) -> f32[3,5] {
  %x = f32[3,5]{0,1:T(8,128)} parameter(0)
  %gathered = bf16[300,2]{0,1:T(8,128)(2,1)S(1)} gather(%x, %x), x={"estimated_cycles":"7"}
  ROOT %loop = (s32[]{:T(128)}, f32[3,5]{1,0:T(8,128)}) while(%x), condition=%until, body=%outer
}
"""


def test_the_form_of_a_program_is_read_from_its_text():
    form = read_form(PROGRAM)
    assert form.loops == ("? x 56",)
    assert form.operations == {"sort": 1, "gather": 1}
    assert form.cycles == 56 * 10 + 7
    # By hand: the inner fusion writes 3 x 5 floats as 8 x 128; the gather's axis 0 is the
    # fastest, so 300 becomes 384 and 2 becomes 8. What is inside the fusion is not in memory.
    assert form.worst == Padded("bf16[300,2]", 300 * 2 * 2, 384 * 8 * 2)
    assert form.logical == 3 * 5 * 4 + 300 * 2 * 2
    assert form.padded == 8 * 128 * 4 + 384 * 8 * 2


def test_the_largest_exchanged_array_is_found():
    form = read_form("""
ENTRY %main (x: f32[3,5]) -> f32[3,5] {
  %x = f32[3,5]{1,0:T(8,128)} parameter(0)
  %both = (f32[3]{0:T(128)}, bf16[3,5]{1,0:T(8,128)}) all-reduce(%x, %x), to_apply=%sum
  ROOT %y = f32[3,5]{1,0:T(8,128)} add(%x, %x)
}""")
    # 15 numbers of 2 bytes; the array that nobody exchanges is larger.
    assert form.exchanged == 30


def test_operations_of_a_loop_count_as_often_as_it_runs():
    import jax
    import jax.numpy as jnp

    def loop(matrix, vector):
        step = lambda vector, _: (jnp.tanh(matrix @ vector), None)  # noqa: E731
        return jax.lax.scan(step, vector, None, length=10)[0].sum()

    traced = jax.jit(loop).trace(jnp.ones((3, 3)), jnp.ones(3))
    # A step: 3 x 3 products and sums and 3 hyperbolic tangents; then the sum of 3.
    assert count_flops(traced.jaxpr.jaxpr) == (10 * (2 * 9 + 3) + 3, False)
    until = jax.jit(lambda x: jax.lax.while_loop(lambda x: x < 9, lambda x: 2 * x, x))
    # One comparison and one product: how often is up to x.
    assert count_flops(until.trace(jnp.float32(1)).jaxpr.jaxpr) == (2, True)
