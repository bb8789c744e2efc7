"""What the tests of the PyTorch package share: small random models, also as diffusers has them, and
the command line."""

import sys

import pytest
from diffusers import DiTTransformer2DModel
from PIL import Image

from lazydit import cli
from tests import conftest


@pytest.fixture
def random_dit():
    """Makes a small DiT all of whose weights are random, adaLN included."""
    return conftest.random_dit


@pytest.fixture
def as_diffusers():
    """Turns a DiT into the same model of diffusers, an independent implementation."""

    def convert(model):
        config = model.config
        theirs = DiTTransformer2DModel(
            num_attention_heads=config.heads,
            attention_head_dim=config.width // config.heads,
            in_channels=config.in_channels,
            out_channels=config.out_channels,
            num_layers=config.depth,
            sample_size=config.input_size,
            patch_size=config.patch_size,
            num_embeds_ada_norm=config.num_classes,
            norm_eps=1e-6,
        )
        theirs.load_state_dict(diffusers_tensors(model.state_dict(), config.depth))
        for block in theirs.transformer_blocks:
            # The published features divide by their number, diffusers by one less.
            block.norm1.emb.time_proj.downscale_freq_shift = 0
        return theirs.eval()

    return convert


def diffusers_tensors(tensors, depth):
    """Published names and shapes -> those of DiTTransformer2DModel."""
    renamed = {
        "pos_embed.proj": "x_embedder.proj",
        "proj_out_1": "final_layer.adaLN_modulation.1",
        "proj_out_2": "final_layer.linear",
    }
    result = {}
    for i in range(depth):
        block = f"transformer_blocks.{i}"
        embedder = f"{block}.norm1.emb.timestep_embedder"
        renamed |= {
            f"{embedder}.linear_1": "t_embedder.mlp.0",
            f"{embedder}.linear_2": "t_embedder.mlp.2",
            f"{block}.norm1.linear": f"blocks.{i}.adaLN_modulation.1",
            f"{block}.attn1.to_out.0": f"blocks.{i}.attn.proj",
            f"{block}.ff.net.0.proj": f"blocks.{i}.mlp.fc1",
            f"{block}.ff.net.2": f"blocks.{i}.mlp.fc2",
        }
        table = f"{block}.norm1.emb.class_embedder.embedding_table.weight"
        result[table] = tensors["y_embedder.embedding_table.weight"]
        for kind in ("weight", "bias"):
            parts = tensors[f"blocks.{i}.attn.qkv.{kind}"].chunk(3)
            for letter, part in zip("qkv", parts, strict=True):
                result[f"{block}.attn1.to_{letter}.{kind}"] = part
    for theirs, ours in renamed.items():
        for kind in ("weight", "bias"):
            result[f"{theirs}.{kind}"] = tensors[f"{ours}.{kind}"]
    return result


@pytest.fixture
def image_folder(tmp_path):
    """Two classes of small images: dark ones and bright ones."""
    folder = tmp_path / "images"
    for label, brightness in enumerate((30, 220)):
        (folder / str(label)).mkdir(parents=True)
        for number in range(4):
            colour = (brightness, brightness - 5 * number, brightness)
            Image.new("RGB", (8, 8), colour).save(folder / str(label) / f"{number}.png")
    return folder


@pytest.fixture
def lazydit(monkeypatch, capsys):
    """Calls `lazydit` with arguments; returns the exit code, what stdout and what stderr got."""

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["lazydit", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        output = capsys.readouterr()
        return stop.value.code or 0, output.out, output.err

    return call
