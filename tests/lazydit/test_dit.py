"""The DiT against the one in diffusers, and the published presets."""

import pytest
import torch

from lazydit.errors import LazyDiTError
from lazydit.models.dit import PRESETS, DiT, DiTConfig

SHAPES = {
    "latents, patch 2": {"input_size": 8, "patch_size": 2, "in_channels": 4, "learn_sigma": True},
    "latents, patch 4": {"input_size": 16, "patch_size": 4, "in_channels": 4, "learn_sigma": True},
    "pixels, patch 4": {"input_size": 12, "patch_size": 4, "in_channels": 3, "learn_sigma": False},
    "one channel, patch 8": {
        "input_size": 16,
        "patch_size": 8,
        "in_channels": 1,
        "learn_sigma": False,
    },
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_output_equals_diffusers(shape, random_dit, as_diffusers):
    model = random_dit(**shape)
    config = model.config
    x = torch.randn(3, config.in_channels, config.input_size, config.input_size)
    timesteps, labels = torch.tensor([0, 421, 999]), torch.tensor([0, 4, config.num_classes])

    with torch.no_grad():
        ours = model(x, timesteps, labels)
        theirs = as_diffusers(model)(x, timesteps, labels).sample

    assert ours.shape == (3, config.out_channels, config.input_size, config.input_size)
    torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-5)


def test_every_module_is_called_in_order_with_what_it_consumes(random_dit):
    model = random_dit(depth=3)
    called = []

    def note(number, module, z):
        called.append((number, module, tuple(z.shape)))
        return module(z)

    x = torch.randn(2, 3, 8, 8)
    t, y = torch.tensor([5, 5]), torch.tensor([0, 1])
    with torch.no_grad():
        torch.testing.assert_close(model(x, t, y, note), model(x, t, y))

    modules = [module for block in model.blocks for module in (block.attn, block.mlp)]
    assert called == [(n, module, (2, 16, 32)) for n, module in enumerate(modules)]


def test_published_sizes():
    # The paper's parameter counts (in millions), without the fixed positions.
    published = {"DiT-S/2": 33, "DiT-B/2": 130, "DiT-L/2": 458, "DiT-XL/2": 675}
    for name, millions in published.items():
        assert round(count_parameters(preset_model(name)) / 1e6) == millions
    # What the published DiT-XL-2-256x256.pt holds, its fixed positions included.
    model = preset_model("DiT-XL/2")
    assert sum(tensor.numel() for tensor in model.state_dict().values()) == 675_129_632


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_has_the_tokens_of_its_patch_size(name):
    model = preset_model(name)
    assert model.pos_embed.shape == (1, (32 // PRESETS[name].patch_size) ** 2, PRESETS[name].width)
    assert len(model.blocks) == PRESETS[name].depth


def test_a_new_model_predicts_zero():
    # As published: adaLN and the final layer start at zero.
    config = DiTConfig(
        input_size=8,
        patch_size=2,
        in_channels=3,
        width=32,
        depth=1,
        heads=4,
        num_classes=5,
        learn_sigma=False,
    )
    output = DiT(config)(torch.randn(1, 3, 8, 8), torch.tensor([3]), torch.tensor([1]))
    assert not output.any()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"patch_size": 3}, "input size 8 is not a multiple of patch size 3"),
        ({"heads": 5}, "width 32 must be a multiple of 4 and of the 5 heads"),
        ({"depth": 0}, "every size of a DiT must be at least 1"),
        ({"width": 32.0}, "every size of a DiT must be at least 1 and whole"),
        ({"guidance_channels": 0}, "guidance needs at least one channel"),
    ],
)
def test_impossible_sizes_are_refused(change, sentence, random_dit):
    with pytest.raises(LazyDiTError, match=sentence):
        random_dit(**change)


def preset_model(name: str) -> DiT:
    preset = PRESETS[name]
    config = DiTConfig(
        input_size=32,
        in_channels=4,
        num_classes=1000,
        learn_sigma=True,
        patch_size=preset.patch_size,
        width=preset.width,
        depth=preset.depth,
        heads=preset.heads,
    )
    with torch.device("meta"):
        return DiT(config)


def count_parameters(model: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())
