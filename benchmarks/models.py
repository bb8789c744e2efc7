"""The models that can be measured: by name, or any checkpoint by its path."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lazydit.demo import demo_checkpoint, demo_gates
from lazydit.errors import LazyDiTError

SEED = 0
RANDOM_STD = 0.02


@dataclass(frozen=True)
class Weights:
    """A model to measure: a checkpoint and the gate files that go with it."""

    name: str
    checkpoint: Path
    gates: tuple[Path, ...] = ()


def find_weights(model: str, cache: Path) -> Weights:
    """`model` is "demo", "dit-s-2" or the path of a checkpoint.

    "dit-s-2" is written into the folder `cache` once. Raises LazyDiTError for anything else.
    """
    if model == "demo":
        return Weights("digits", demo_checkpoint(), tuple(demo_gates()))
    if model == "dit-s-2":
        return Weights(model, random_dit_s_2(cache))
    path = Path(model)
    if not path.is_file():
        raise LazyDiTError(
            f"there is no model {model}: choose demo, dit-s-2 or the path of a checkpoint"
        )
    return Weights(path.stem, path)


def random_dit_s_2(cache: Path) -> Path:
    """DiT-S/2 for 256 px with random weights from a fixed seed, adaLN included.

    adaLN and the final layer start at zero when a DiT is trained: left so, no block would change
    anything.
    """
    path = cache / f"dit-s-2-seed{SEED}.safetensors"
    if path.is_file():
        return path
    # Imported here: the sentence about a wrong name need not wait for PyTorch.
    import torch

    from lazydit.checkpoints import save_checkpoint
    from lazydit.models.dit import PRESETS, DiT, DiTConfig

    shape = PRESETS["DiT-S/2"]._asdict()
    config = DiTConfig(input_size=32, in_channels=4, num_classes=1000, learn_sigma=True, **shape)
    with torch.random.fork_rng():
        torch.manual_seed(SEED)
        model = DiT(config)
        for name, parameter in model.named_parameters():
            if "adaLN_modulation" in name or name.startswith("final_layer"):
                torch.nn.init.normal_(parameter, std=RANDOM_STD)
    save_checkpoint(model, path)
    return path
