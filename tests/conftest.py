"""Fixtures that several folders of tests share: a small random DiT, gates for it, its bundle."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from rich.console import Console

from lazydit.checkpoints import save_checkpoint
from lazydit.diffusion import Schedule
from lazydit.gates import GateSet, save_gates
from lazydit.models.dit import DiT, DiTConfig


def random_dit(seed: int = 0, **changes: object) -> DiT:
    """A small DiT all of whose weights are random, adaLN included (trained ones start at zero)."""
    sizes = {"input_size": 8, "patch_size": 2, "in_channels": 3, "width": 32, "depth": 2}
    config = DiTConfig(**{**sizes, "heads": 4, "num_classes": 5, "learn_sigma": False, **changes})
    model = DiT(config)
    generator = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        parameter.data.normal_(std=0.1, generator=generator)
    return model.eval()


def random_gates(config: DiTConfig, steps: int, seed: int = 0, **changes: object) -> GateSet:
    """Gates that run some modules and reuse others."""
    generator = torch.Generator().manual_seed(seed)
    shape = (steps, config.num_modules, config.width)
    weights = torch.randn(shape, generator=generator) * 0.02
    settings = {"name": f"{steps}-r50", "timesteps": Schedule.spaced(steps).timesteps}
    return GateSet(**{**settings, "weights": weights, **changes})


TOOLS = Path(__file__).parent.parent / "build" / "tools"
"""Where make tools puts lazydit-run and lazydit-bench."""


@dataclass(frozen=True)
class ToolOutcome:
    """What a command-line tool left."""

    code: int
    stdout: str
    stderr: str

    @property
    def sentence(self) -> str:
        """The one sentence of a use error."""
        (line,) = self.stderr.splitlines()
        assert self.code == 2 and line.startswith("error: "), (self.code, self.stderr)
        return line.removeprefix("error: ")


def run_tool(name: str, *arguments: object) -> ToolOutcome:
    """Runs lazydit-run or lazydit-bench to its end."""
    command = [str(TOOLS / name), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    return ToolOutcome(done.returncode, done.stdout, done.stderr)


def run_with_two_processes(*command: object) -> str:
    """What a Python command prints under torchrun; pytest shows what it says on stderr."""
    # Over the loopback interface: a machine's name need not lead to an address that it listens on.
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--local-addr", "127.0.0.1"]
    loopback = "lo0" if sys.platform == "darwin" else "lo"
    settings = {"OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": loopback}
    return subprocess.run(
        [sys.executable, *torchrun, "--nproc-per-node", "2", *map(str, command)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=300,
        env=os.environ | settings,
    ).stdout


@dataclass(frozen=True)
class SmallBundle:
    """A bundle that export made, and what it was made from."""

    directory: Path
    checkpoint: Path
    gate_file: Path
    model: DiT
    gate_sets: tuple[GateSet, ...]


@pytest.fixture(scope="session", autouse=True)
def ctrl_c_arrives() -> Iterator[None]:
    """A test run started in the background ignores SIGINT, and so would all that it starts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="session", autouse=True)
def no_weight_cache() -> None:
    """Nothing is left in the user's folders."""
    os.environ["LAZYDIT_WEIGHT_CACHE"] = "off"


@pytest.fixture(scope="session")
def small_bundle(tmp_path_factory: pytest.TempPathFactory) -> SmallBundle:
    """A random model with gates for 6 steps, and for 4 that extrapolate and reuse at most once."""
    # Lowering takes seconds, so that it is done once for all tests.
    from lazydit_export.export import export
    from lazydit_export.recipe import ExportRecipe
    from lazydit_export.report import Report
    from lazydit_export.targets import find_target

    folder = tmp_path_factory.mktemp("small")
    model = random_dit()
    gate_sets = (
        random_gates(model.config, 6),
        random_gates(model.config, 4, seed=1, max_reuse=1, threshold_mlp=0.4, extrapolate=True),
    )
    save_checkpoint(model, folder / "small.safetensors")
    save_gates(gate_sets, folder / "gates.safetensors")
    recipe = ExportRecipe(
        checkpoint=folder / "small.safetensors",
        gates=(folder / "gates.safetensors",),
        target=find_target("android"),
        out=folder / "bundle",
        name="small",
    )
    export(recipe, Report(Console(quiet=True), verbose=False))
    return SmallBundle(recipe.out, recipe.checkpoint, recipe.gates[0], model, gate_sets)
