"""The state of an unfinished run: what a resumed run needs to go on as if it had never stopped."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn

from lazydit.errors import LazyDiTError
from lazydit.files import replace_file


def state_path(out: Path) -> Path:
    """Where an unfinished run that will write `out` keeps its state."""
    return out.with_name(out.name + ".state")


def save_state(out: Path, recipe: Mapping[str, Any], state: Mapping[str, Any]) -> None:
    """Keep `state`, of a run that was asked for with `recipe`."""
    content = {"recipe": dict(recipe), **state}
    replace_file(state_path(out), lambda temporary: torch.save(content, temporary))


def load_state(out: Path, recipe: Mapping[str, Any]) -> dict[str, Any] | None:
    """The state kept for `out`, or None when there is none.

    Raises LazyDiTError when it belongs to another recipe, or when `out` is finished already.
    """
    path = state_path(out)
    if out.exists():
        raise LazyDiTError(f"{out} is there already: remove it or choose another --out")
    if not path.exists():
        return None
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        kept = dict(state["recipe"])
    except Exception as error:
        raise LazyDiTError(f"{path} cannot be read: remove it to start again") from error
    differing = [name for name in recipe if kept.get(name) != recipe[name]]
    if differing:
        raise LazyDiTError(
            f"{path} was started with another {', '.join(differing)}: "
            "use the same again, or remove it to start anew"
        )
    return state


def remove_state(out: Path) -> None:
    state_path(out).unlink(missing_ok=True)


def fingerprint(model: nn.Module) -> float:
    """A number that tells a model's weights from others."""
    sums = [tensor.cpu().double().abs().sum() for tensor in model.state_dict().values()]
    return float(torch.stack(sums).sum())
