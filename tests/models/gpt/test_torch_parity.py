"""Our GPT beside the one of transformers (PyTorch), through files of weights."""

import functools
import warnings

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from attnjax.models.gpt.inputs import gpt_inputs
from attnjax.models.gpt.losses import batch_loss
from attnjax.models.gpt.model import build_gpt, init_params
from attnjax.models.gpt.settings import GPTSettings
from attnjax.models.gpt.weights import export, transfer
from attnjax.models.gpt.weights_huggingface import read_huggingface, write_huggingface
from attnjax.types import Batch
from tests.models.gpt.tiny import CLASSIFY, DELIMITER, START, stacked, tiny_params, tiny_settings

CHOICES = [
    [START, 5, 9, DELIMITER, 3, CLASSIFY],
    [START, 5, 9, DELIMITER, 17, CLASSIFY],
    [START, 2, DELIMITER, 8, 4, CLASSIFY],
]
"""As many tokens in each, because their loss knows no padding."""


@pytest.fixture(scope="module")
def theirs():
    """The module transformers; skips where it or PyTorch is not installed."""
    pytest.importorskip("torch", reason="the extra `parity` is not installed")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pytest.importorskip("transformers", reason="the extra `parity` is not installed")


def load_theirs(kind, folder):
    """Return their model with the weights of a folder, deterministic, with explicit weights."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return kind.from_pretrained(folder, attn_implementation="eager").eval()


def saved(theirs, name, folder, **fields):
    """Save their randomly initialised model and return it with ours of the same weights."""
    import torch

    torch.manual_seed(0)
    config = theirs.OpenAIGPTConfig(attn_implementation="eager", **fields)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = getattr(theirs, name)(config).eval()
        model.save_pretrained(folder)
    pretrained = read_huggingface(folder)
    settings = pretrained.settings
    shapes = jax.eval_shape(functools.partial(init_params, settings), jax.random.key(0))
    zeros = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape), shapes)
    found = transfer(pretrained, settings, zeros)
    assert found.fresh == found.unused == ()
    return model, build_gpt(settings), found.params


def check_pass(model, gpt, params, ids):
    """Compare logits, every state and every weight; `pytest -s` shows how far they are apart."""
    import torch

    inputs = gpt_inputs(gpt.settings, [ids])
    with torch.no_grad():
        out = model(torch.tensor([ids]), output_hidden_states=True, output_attentions=True)
    trace = jax.jit(gpt.trace)(params, inputs)
    states = np.stack([state.numpy() for state in out.hidden_states])
    weights = np.stack([weight.numpy() for weight in out.attentions])
    logits = jax.jit(gpt.forward)(params, inputs).token_logits
    pairs = {
        "states": (trace.states, states),
        "attention": (trace.attention, weights),
        "logits": (logits, out.logits.numpy()),
    }
    for name, (ours, theirs) in pairs.items():
        print(f"{name}: largest difference {np.abs(ours - theirs).max():.1e}")
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-4, err_msg=name)
    assert np.abs(logits).max() > 0.1


def test_torch_pass_at_toy_size(theirs, tmp_path):
    """Weights written by us, read by them."""
    settings = tiny_settings(mode="standard")
    params = tiny_params(settings)
    write_huggingface(tmp_path / "hf", params, settings)
    model = load_theirs(theirs.OpenAIGPTLMHeadModel, tmp_path / "hf")
    check_pass(model, build_gpt(settings), params, [5, 9, 3, 17, 2, 8, 22, 11])


@pytest.mark.slow
def test_torch_pass_at_full_size(theirs, tmp_path):
    """Weights written by them, read by us: 12 blocks of a width of 768."""
    model, gpt, params = saved(theirs, "OpenAIGPTLMHeadModel", tmp_path)
    assert gpt.settings == GPTSettings(num_special=0, mode="standard")
    rng = np.random.default_rng(0)
    check_pass(model, gpt, params, rng.integers(0, 40478, 64).tolist())


def test_torch_gradients_of_both_losses(theirs, tmp_path):
    """Task and language model together, by every weight."""
    import torch

    settings = tiny_settings(head="multiple_choice", mode="standard")
    params = tiny_params(settings)
    write_huggingface(tmp_path / "hf", params, settings)
    model = load_theirs(theirs.OpenAIGPTDoubleHeadsModel, tmp_path / "hf")
    ids = torch.tensor([CHOICES])
    out = model(ids, mc_token_ids=torch.full((1, 3), 5), mc_labels=torch.tensor([1]), labels=ids)
    (out.mc_loss + 0.5 * out.loss).backward()

    gpt = build_gpt(settings)
    one = gpt_inputs(settings, CHOICES, label=1)
    batch = Batch(stacked(one), jnp.ones(1, bool))
    logits = jax.jit(gpt.forward)(params, one).logits
    np.testing.assert_allclose(logits, out.mc_logits[0].detach().numpy(), rtol=0, atol=1e-4)

    @jax.jit
    @functools.partial(jax.value_and_grad, has_aux=True)
    def slopes(params):
        parts = batch_loss(params, batch, gpt=gpt)
        return parts.total, parts

    (_, parts), gradients = slopes(params)
    np.testing.assert_allclose(parts.task, out.mc_loss.item(), rtol=0, atol=1e-5)
    np.testing.assert_allclose(parts.language_model, out.loss.item(), rtol=0, atol=1e-5)
    wanted = {name: weight.grad.numpy() for name, weight in model.named_parameters()}
    found = export(gradients, settings).arrays
    assert len(found) == len(wanted) == 28
    for name, gradient in found.items():
        theirs_name = name if name in wanted else f"transformer.{name}"
        np.testing.assert_allclose(gradient, wanted[theirs_name], rtol=0, atol=1e-4, err_msg=name)


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("OpenAIGPTForSequenceClassification", "classification"),
        ("OpenAIGPTDoubleHeadsModel", "multiple_choice"),
    ],
)
def test_torch_heads_written_by_them(theirs, tmp_path, name, head):
    import torch

    sizes = {"vocab_size": 23, "n_positions": 12, "n_embd": 16, "n_layer": 2, "n_head": 2}
    labels = 3 if head == "classification" else 1
    model, gpt, params = saved(
        theirs, name, tmp_path, **sizes, num_labels=labels, num_special=3, pad_token_id=0
    )
    assert gpt.settings == tiny_settings(
        head=head, mode="standard", num_logits=labels if head == "classification" else 2
    )
    rows = CHOICES[:1] if head == "classification" else CHOICES
    ids = torch.tensor(rows)
    with torch.no_grad():
        if head == "classification":
            expected = model(ids).logits[0].numpy()
        else:
            expected = model(ids[None], mc_token_ids=torch.full((1, 3), 5)).mc_logits[0].numpy()
    logits = jax.jit(gpt.forward)(params, gpt_inputs(gpt.settings, rows)).logits
    np.testing.assert_allclose(logits, expected, rtol=0, atol=1e-5)
