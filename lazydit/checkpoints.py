"""DiT checkpoints: this project's safetensors files, and published or reference .pt files.

A safetensors file carries its DiTConfig as JSON metadata; for a .pt file it is read off the
shapes. No code from a file is ever executed.
"""

import argparse
import json
import math
import pickle
import warnings
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from lazydit.errors import LazyDiTError
from lazydit.files import existing_file, replace_file, sha256
from lazydit.models.dit import PRESETS, DiT, DiTConfig

FORMAT = "lazydit-dit-1"
_WRAPPERS = ("ema", "model")


def save_checkpoint(model: DiT, path: Path, dtype: torch.dtype = torch.float32) -> None:
    """Write `model` as safetensors, its weights stored as `dtype` (fp32 or fp16)."""
    tensors = {
        name: tensor.detach().to("cpu", dtype).contiguous()
        for name, tensor in model.state_dict().items()
    }
    metadata = {"format": FORMAT, "config": json.dumps(asdict(model.config))}
    replace_file(path, lambda temporary: save_file(tensors, temporary, metadata))


def load_checkpoint(path: Path, heads: int | None = None) -> DiT:
    """The model in `path`, fp32 on the CPU, in evaluation mode.

    `heads` is needed for .pt files whose width and depth are not a preset's: nothing in such a
    file tells. Raises LazyDiTError when the file is not a DiT's.
    """
    path = existing_file(Path(path), "checkpoint")
    if path.suffix == ".safetensors":
        config, tensors = _read_safetensors(path)
        if heads not in (None, config.heads):
            raise LazyDiTError(f"{path} was made with {config.heads} heads: leave heads out")
    else:
        tensors = _unwrap(load_pickle(path, "checkpoint"), path)
        config = infer_config(tensors, heads, path)
    # Without memory: the model takes the file's weights, once they are checked, and copies none.
    with torch.device("meta"):
        model = DiT(config)
    _check_tensors(tensors, model.state_dict(), path)
    model.load_state_dict(tensors, assign=True)
    return model.eval()


def checkpoint_sha256(path: Path) -> str:
    """Hexadecimal sha256 of the file."""
    return sha256(existing_file(Path(path), "checkpoint"))


def load_pickle(path: Path, what: str) -> Any:
    """A torch.save file read without running code from it; argparse.Namespace is let through."""
    try:
        with torch.serialization.safe_globals([argparse.Namespace]), warnings.catch_warnings():
            # Of pickle protocols, beside the error that says what is wrong.
            warnings.simplefilter("ignore")
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise LazyDiTError(
            f"{path} is no file of tensors alone, so it is not loaded: give a {what} saved as a "
            "state dict"
        ) from error
    except Exception as error:  # A damaged file makes the unpickler raise just anything.
        raise LazyDiTError(f"{path} is not a readable {what}: it may be truncated") from error


def infer_config(tensors: Mapping[str, Tensor], heads: int | None, path: Path) -> DiTConfig:
    """The DiTConfig that fits published weights; `path` is named in errors."""
    try:
        width, in_channels, patch_size, _ = tensors["x_embedder.proj.weight"].shape
        grid = math.isqrt(tensors["pos_embed"].shape[1])
        classes = tensors["y_embedder.embedding_table.weight"].shape[0] - 1
        hidden = tensors["blocks.0.mlp.fc1.weight"].shape[0]
        patch_values = tensors["final_layer.linear.weight"].shape[0]
        mlp_ratio = hidden / width
    except (KeyError, ValueError, IndexError, ZeroDivisionError) as error:
        raise _not_a_dit(path) from error
    # Counted and not the highest number, which a broken file could make as large as it likes.
    depth = len({name.split(".")[1] for name in tensors if name.startswith("blocks.")})
    return DiTConfig(
        input_size=grid * patch_size,
        patch_size=patch_size,
        in_channels=in_channels,
        width=width,
        depth=depth,
        heads=heads if heads is not None else _preset_heads(depth, width, path),
        mlp_ratio=mlp_ratio,
        num_classes=classes,
        learn_sigma=patch_values == 2 * in_channels * patch_size**2,
    )


def _preset_heads(depth: int, width: int, path: Path) -> int:
    for preset in PRESETS.values():
        if (preset.depth, preset.width) == (depth, width):
            return preset.heads
    raise LazyDiTError(
        f"{path} has depth {depth} and width {width}, which no preset has: "
        "say how many attention heads it has with --heads"
    )


def _read_safetensors(path: Path) -> tuple[DiTConfig, dict[str, Tensor]]:
    try:
        with safe_open(path, framework="pt") as opened:
            metadata = opened.metadata() or {}
            if metadata.get("format") != FORMAT:
                raise _not_a_dit(path)
            config = DiTConfig(**json.loads(metadata["config"]))
            names = list(opened.keys())
            return config, {name: opened.get_tensor(name).float() for name in names}
    except (SafetensorError, OSError) as error:
        raise LazyDiTError(f"{path} is not a readable checkpoint: it may be truncated") from error
    except (KeyError, TypeError, ValueError) as error:
        raise _not_a_dit(path) from error


def _unwrap(content: Any, path: Path) -> dict[str, Tensor]:
    for key in _WRAPPERS:
        if isinstance(content, dict) and isinstance(content.get(key), dict):
            content = content[key]
            break
    if not isinstance(content, dict):
        raise _not_a_dit(path)
    return {
        name: value.float()
        for name, value in content.items()
        if isinstance(name, str) and isinstance(value, Tensor)
    }


def _check_tensors(
    tensors: Mapping[str, Tensor], expected: Mapping[str, Tensor], path: Path
) -> None:
    for name, tensor in expected.items():
        if name not in tensors:
            raise LazyDiTError(f"{path} lacks {name}, so it is no DiT: give a DiT checkpoint")
        if tensors[name].shape != tensor.shape:
            raise LazyDiTError(
                f"{name} in {path} is {tuple(tensors[name].shape)} and should be "
                f"{tuple(tensor.shape)}: the file belongs to another model"
            )
    unknown = sorted(set(tensors) - set(expected))
    if unknown:
        raise LazyDiTError(f"{path} holds {unknown[0]}, which a DiT has not: give a DiT checkpoint")


def _not_a_dit(path: Path) -> LazyDiTError:
    return LazyDiTError(
        f"{path} is not a DiT checkpoint: give one that lazydit train wrote, or a published DiT"
    )
