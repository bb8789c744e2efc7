"""A small model with gates for 4 steps, in files, and the analysis of it."""

from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from lazydit.analysis.run import AnalysisRecipe, AnalysisRun
from lazydit.checkpoints import save_checkpoint
from lazydit.gates import GateSet, save_gates
from lazydit.models.dit import DiT
from tests.conftest import random_dit as make_dit
from tests.conftest import random_gates

STEPS = 4
IMAGES = 8


@dataclass(frozen=True)
class SmallModel:
    """The model and its gates, and the files they are in."""

    model: DiT
    gates: GateSet
    checkpoint: Path
    gate_file: Path

    def run(self, out: Path, gates: bool = True, **changes: object) -> AnalysisRun:
        """An analysis that will write `out`."""
        settings = {"steps": STEPS, "images": IMAGES, "batch_size": 4, "sha256": "0" * 64}
        recipe = AnalysisRecipe(**{"model": "small", **settings, **changes})
        gate_sets = [self.gates] if gates else []
        return AnalysisRun(self.model, gate_sets, recipe, out, torch.device("cpu"))


@pytest.fixture(scope="session")
def small_model(tmp_path_factory):
    folder = tmp_path_factory.mktemp("analysed")
    model = make_dit()
    gates = random_gates(model.config, STEPS)
    save_checkpoint(model, folder / "small.safetensors")
    save_gates([gates, random_gates(model.config, 6)], folder / "gates.safetensors")
    return SmallModel(model, gates, folder / "small.safetensors", folder / "gates.safetensors")


@pytest.fixture(scope="session")
def small_analysis(small_model, tmp_path_factory):
    """The folder that the analysis of the small model left, and its result."""
    out = tmp_path_factory.mktemp("results") / "analysis"
    return out, small_model.run(out).finish()
