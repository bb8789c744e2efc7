"""lazydit-bench, or its counterpart in Swift, as an engine's process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from conductor import EngineProcess
from protocol import Case, EngineSpec, ImageTimes
from schedule import spread_schedule


class ToolEngine(EngineProcess):
    """Draws as worker.py does, on a bundle with `modules` modules."""

    def __init__(
        self, command: Sequence[str], modules: int, spec: EngineSpec, folder: Path
    ) -> None:
        self._modules = modules
        super().__init__(command, spec, folder)

    def image(self, case: Case, label: int, seed: int) -> ImageTimes:
        """The tools make no schedules: they are told whether each module runs in each step."""
        asked = asdict(case)
        if case.ratio is not None:
            asked["schedule"] = spread_schedule(case.steps, self._modules, case.ratio).tolist()
        return ImageTimes(**self.ask("image", case=asked, label=label, seed=seed))
