"""The split programs in PyTorch: together they are the DiT, part by part they are exact."""

import pytest
import torch
import torch.nn.functional as F
from diffusers.models.activations import GELU
from diffusers.models.attention_processor import Attention as DiffusersAttention
from torch import Tensor

from lazydit.models.dit import Attention, DiT
from lazydit_export.programs import AttentionModule, gelu_tanh
from lazydit_export.split import Program, split
from tests.conftest import random_dit


@torch.no_grad()
def walk(programs: list[Program], latent: Tensor, label: Tensor, timesteps: Tensor) -> Tensor:
    """The model output at the last of `timesteps`, by way of the programs."""
    condition, embed, *modules, reuse, extrapolate, final = (program.module for program in programs)
    modulation, final_modulation = condition(label, timesteps)
    x, norm, norm_sum = embed(latent)
    for number, module in enumerate(modules):
        vectors = modulation[-1, number // 2].view(2, 3, 1, 1, -1)[number % 2]
        before = x
        x, norm, norm_sum, output = module(x, norm, *vectors)
        reused = reuse(before, output, vectors[2])
        for ran, again in zip((x, norm, norm_sum), reused, strict=True):
            torch.testing.assert_close(again, ran)
        torch.testing.assert_close(norm_sum, norm.sum(dim=1))
        # An earlier output that lies twice as far back: half of the way on, and it is the last one.
        step = torch.randn_like(output)
        on = extrapolate(
            before, output - step, output - 3 * step, torch.tensor([[[0.5]]]), vectors[2]
        )
        for ran, again in zip((x, norm, norm_sum), on, strict=True):
            torch.testing.assert_close(again, ran)
    return final(norm, *final_modulation[-1].view(2, 1, 1, -1))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"learn_sigma": True, "in_channels": 4},
        {"patch_size": 4, "input_size": 16, "in_channels": 1},
        {"patch_size": 8, "input_size": 16, "heads": 2, "depth": 3, "mlp_ratio": 2.5},
    ],
)
def test_programs_together_are_the_model(changes: dict[str, object]) -> None:
    model = random_dit(**changes)
    config = model.config
    latent = torch.randn(1, config.in_channels, config.input_size, config.input_size)
    label, timesteps = torch.tensor([config.num_classes]), torch.tensor([999.0, 421.0])
    with torch.no_grad():
        expected = model(latent, timesteps[-1:], label)
    found = walk(split(model), latent, label, timesteps)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


def test_whole_blocks_are_their_modules_one_after_the_other() -> None:
    model = random_dit(depth=1)
    programs = {program.name: program.module for program in split(model, whole_blocks=True)}
    assert "block_00" in programs
    assert "block_00" not in {program.name for program in split(model)}
    x, norm, _ = programs["embed"](torch.randn(1, 3, 8, 8))
    vectors = torch.randn(6, 1, 1, model.config.width)
    with torch.no_grad():
        after_attn = programs["block_00_attn"](x, norm, *vectors[:3])
        after_mlp = programs["block_00_mlp"](*after_attn[:2], *vectors[3:])
        whole = programs["block_00"](x, norm, *vectors)
    for found, expected in zip(whole, (*after_mlp[:3], after_attn[3], after_mlp[3]), strict=True):
        torch.testing.assert_close(found, expected)


def test_outputs_have_the_shapes_that_the_signatures_say() -> None:
    for program in split(random_dit(learn_sigma=True), whole_blocks=True):
        outputs = program.module(*program.example_inputs(steps=3))
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        for output, spec in zip(outputs, program.outputs, strict=True):
            assert list(output.shape) == [3 if size == "T" else size for size in spec.shape]


def test_splitting_leaves_the_model_as_it_was() -> None:
    model = random_dit()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    for program in split(model):
        for parameter in program.module.parameters():
            assert not parameter.requires_grad
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, before[name])


def test_gelu_is_the_tanh_form() -> None:
    x = torch.linspace(-12, 12, 10_001, dtype=torch.float64)
    torch.testing.assert_close(gelu_tanh(x), F.gelu(x, approximate="tanh"), atol=1e-12, rtol=0)
    layer = GELU(1, 1, approximate="tanh", bias=False).double()
    layer.proj.weight.data.fill_(1)
    torch.testing.assert_close(gelu_tanh(x[:, None]), layer(x[:, None]), atol=1e-12, rtol=0)


def test_attention_is_the_model_s_and_that_of_diffusers() -> None:
    torch.manual_seed(0)
    ours = Attention(24, 3).double()
    theirs = DiffusersAttention(24, heads=3, dim_head=8, bias=True).double()
    for part, linear in enumerate((theirs.to_q, theirs.to_k, theirs.to_v)):
        linear.weight.data.copy_(ours.qkv.weight[24 * part : 24 * (part + 1)])
        linear.bias.data.copy_(ours.qkv.bias[24 * part : 24 * (part + 1)])
    theirs.to_out[0].load_state_dict(ours.proj.state_dict())
    z = torch.randn(1, 10, 24, dtype=torch.float64)
    with torch.no_grad():
        found = AttentionModule(ours)(z)
        torch.testing.assert_close(found, ours(z), atol=1e-12, rtol=0)
        torch.testing.assert_close(found, theirs(z), atol=1e-12, rtol=0)


def test_constants_own_their_storage() -> None:
    """The delegate writes a constant's whole storage: a view would carry its neighbours along."""
    model: DiT = random_dit()
    for program in split(model):
        for name, tensor in program.module.state_dict().items():
            size = tensor.numel() * tensor.element_size()
            assert tensor.untyped_storage().nbytes() == size, f"{program.name} {name}"
