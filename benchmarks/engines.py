"""What an engine's process can run: this project's runtime, a peer, or bare matrix products."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Protocol

from protocol import BUNDLE, LIMIT, Case, EngineSpec, ImageTimes


class Engine(Protocol):
    """Making one imports what the engine needs in Python, so that no time of loading holds it."""

    def prepare(self, folder: Path) -> Path | None:
        """Make in `folder` the file that `load` reads, to be kept under its name; None where
        there is nothing to make or it is kept already."""
        ...

    def files(self) -> Iterable[Path]:
        """What `load` reads."""
        ...

    def load(self) -> dict[str, Any]:
        """Get ready to draw; facts for the conductor."""
        ...

    def error(self) -> float | None:
        """The largest difference from PyTorch's output over its largest value; None: not asked."""
        ...

    def image(self, case: Case, label: int, seed: int) -> ImageTimes:
        """Draw one image and time it."""
        ...


def make_engine(spec: EngineSpec) -> Engine:
    """Imports are local: no engine's process is to hold another engine's libraries."""
    if spec.kind == BUNDLE:
        from runtime_engine import RuntimeEngine

        return RuntimeEngine(spec)
    if spec.kind == LIMIT:
        from limit import MatrixProducts

        return MatrixProducts(spec)
    from peers import make_peer

    return make_peer(spec)
