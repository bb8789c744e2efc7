"""A toy model in NumPy, a hand-made bundle of it, and its sampling written out as an oracle."""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

DEPTH, WIDTH, PATCH, CLASSES = 2, 8, 2, 5
LATENT = (3, 4, 4)
TOKENS = (LATENT[1] // PATCH) * (LATENT[2] // PATCH)
PATCH_VALUES = LATENT[0] * PATCH * PATCH
GUIDED_CHANNELS = 2
TRAIN_STEPS = 100
BETAS = (0.001, 0.05)
GATE_STEPS = {"4-r50": 4, "6-r30": 6, "6-r50": 6}
KINDS = ("attn", "mlp")

Array = np.ndarray


def layer_norm(x: Array) -> Array:
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-6)


class ToyExecutor:
    """Runs the programs of the toy model; its weights are drawn from a fixed seed."""

    def __init__(self) -> None:
        draw = np.random.default_rng(0).normal
        self.labels = draw(size=(CLASSES + 1, WIDTH))
        self.modulation = draw(size=(WIDTH, DEPTH * 6 * WIDTH)) * 0.3
        self.final_modulation = draw(size=(WIDTH, 2 * WIDTH)) * 0.3
        self.patches = draw(size=(PATCH_VALUES, WIDTH)) * 0.5
        self.positions = draw(size=(TOKENS, WIDTH))
        self.modules = draw(size=(2 * DEPTH, WIDTH, WIDTH)) * 0.5
        self.output = draw(size=(WIDTH, PATCH_VALUES)) * 0.3
        self.programs: list[str] = []
        self.closed = False

    @classmethod
    def open(cls, bundle: Any, *, threads: Any = None, checkpoint: Any = None) -> "ToyExecutor":
        return cls()

    def run(self, program: str, inputs: list[Array], outputs: list[Array]) -> None:
        self.programs.append(program)
        for output, value in zip(outputs, self.compute(program, inputs), strict=True):
            output[...] = value

    def close(self) -> None:
        self.closed = True

    def compute(self, program: str, inputs: list[Array]) -> tuple[Array, ...]:
        if program == "condition":
            label, timesteps = inputs
            angles = timesteps[:, None] * 0.5 ** np.arange(WIDTH)
            hidden = np.tanh(np.sin(angles) + self.labels[label])
            modulation = hidden @ self.modulation
            return modulation.reshape(-1, DEPTH, 6 * WIDTH), hidden @ self.final_modulation
        if program == "embed":
            return self.stream(self.patchify(inputs[0][0]) @ self.patches + self.positions)
        if program == "reuse":
            x, output, gate = inputs
            return self.stream((x + gate * output)[0])
        if program == "extrapolate":
            x, output, previous, weight, gate = inputs
            return self.stream((x + gate * (output + weight * (output - previous)))[0])
        if program == "final":
            norm, shift, scale = inputs
            return (self.unpatchify((norm * (1 + scale) + shift)[0] @ self.output),)
        _, block, kind = program.split("_")
        x, norm, shift, scale, gate = inputs
        weight = self.modules[2 * int(block) + KINDS.index(kind)]
        output = np.tanh((norm * (1 + scale) + shift) @ weight)
        return *self.stream((x + gate * output)[0]), output

    def stream(self, x: Array) -> tuple[Array, Array, Array]:
        norm = layer_norm(x)
        return x[None], norm[None], norm.sum(0)[None]

    def patchify(self, latent: Array) -> Array:
        channels, height, width = latent.shape
        grid = latent.reshape(channels, height // PATCH, PATCH, width // PATCH, PATCH)
        return grid.transpose(1, 3, 2, 4, 0).reshape(TOKENS, PATCH_VALUES)

    def unpatchify(self, tokens: Array) -> Array:
        channels, height, width = LATENT
        grid = tokens.reshape(height // PATCH, width // PATCH, PATCH, PATCH, channels)
        return grid.transpose(4, 0, 2, 1, 3).reshape(1, *LATENT)


Decide = Callable[[int, int, int, Array, int], tuple[float, bool]]
"""(step, sample, module, z [N, D], steps reused in a row) -> score, whether the module runs."""


@dataclass
class Expected:
    """What the oracle gives: latent [C, h, w]; scores, ran, extrapolated [steps, samples, 2L]."""

    latent: Array
    scores: Array
    ran: Array
    extrapolated: Array


def sample_toy(
    label: int,
    noise: Array,
    timesteps: list[int],
    alphas: Array,
    guidance: float,
    decide: Decide,
    extrapolate: bool,
) -> Expected:
    """DDIM with guidance as the definitions have it: no folded gates, no token sums, fp64."""
    toy, steps = ToyExecutor(), len(timesteps)
    labels = [label] if guidance == 1 else [label, CLASSES]
    scores = np.full((steps, len(labels), 2 * DEPTH), np.nan)
    ran = np.ones(scores.shape, dtype=bool)
    extrapolated = np.zeros(scores.shape, dtype=bool)
    computed: dict[tuple[int, int], list[tuple[int, Array]]] = defaultdict(list)
    in_a_row = np.zeros((len(labels), 2 * DEPTH), dtype=int)
    latent = noise.astype(np.float64)
    for step, timestep in enumerate(timesteps):
        outputs = []
        for sample, sample_label in enumerate(labels):
            modulation, final = toy.compute(
                "condition", [np.array([sample_label]), np.array([timestep])]
            )
            x, norm, _ = toy.compute("embed", [latent[None]])
            for module in range(2 * DEPTH):
                vectors = modulation[0].reshape(2 * DEPTH, 3, WIDTH)[module]
                shift, scale, gate = (vector[None, None] for vector in vectors)
                z = (norm * (1 + scale) + shift)[0]
                score, runs = decide(step, sample, module, z, int(in_a_row[sample, module]))
                runs = runs or step == 0
                scores[step, sample, module] = score if step > 0 else np.nan
                ran[step, sample, module] = runs
                in_a_row[sample, module] = 0 if runs else in_a_row[sample, module] + 1
                history = computed[sample, module]
                if runs:
                    history.append((step, np.tanh(z @ toy.modules[module])[None]))
                output = history[-1][1]
                if not runs and extrapolate and len(history) > 1:
                    extrapolated[step, sample, module] = True
                    (before, older), (last, newer) = history[-2:]
                    output = newer + (newer - older) * (step - last) / (last - before)
                x, norm, _ = toy.compute("reuse", [x, output, gate])
            shift, scale = final.reshape(2, 1, 1, WIDTH)
            outputs.append(toy.compute("final", [norm, shift, scale])[0][0])
        eps = outputs[0].copy()
        if guidance != 1:
            cond, uncond = (output[:GUIDED_CHANNELS] for output in outputs)
            eps[:GUIDED_CHANNELS] = uncond + guidance * (cond - uncond)
        alpha, after = alphas[step], alphas[step + 1] if step + 1 < steps else 1.0
        clean = (latent - np.sqrt(1 - alpha) * eps) / np.sqrt(alpha)
        latent = np.sqrt(after) * clean + np.sqrt(1 - after) * eps
    return Expected(latent, scores, ran, extrapolated)


def spaced(steps: int) -> list[int]:
    """The respacing for step counts where it needs no float accumulation to agree."""
    stride = (TRAIN_STEPS - 1) / (steps - 1)
    return [round(stride * index) for index in reversed(range(steps))]


def alphas_of(timesteps: list[int]) -> Array:
    return np.cumprod(1 - np.linspace(*BETAS, TRAIN_STEPS))[timesteps]


def toy_gates(name: str) -> Array:
    """Weights that run some modules and reuse others."""
    seed = sorted(GATE_STEPS).index(name)
    shape = (GATE_STEPS[name], 2 * DEPTH, WIDTH)
    return np.random.default_rng(seed).normal(size=shape).astype("<f4") * 0.2


def tensor(name: str, *shape: int | str, dtype: str = "float32") -> dict[str, Any]:
    return {"name": name, "dtype": dtype, "shape": list(shape)}


def toy_programs() -> dict[str, Any]:
    x, norm = tensor("x", 1, TOKENS, WIDTH), tensor("norm", 1, TOKENS, WIDTH)
    stream = [x, norm, tensor("norm_sum", 1, WIDTH)]
    output = tensor("output", 1, TOKENS, WIDTH)
    shift, scale, gate = (tensor(name, 1, 1, WIDTH) for name in ("shift", "scale", "gate"))
    latent = tensor("latent", 1, *LATENT)
    modulation = [
        tensor("modulation", "T", DEPTH, 6 * WIDTH),
        tensor("final_modulation", "T", 2 * WIDTH),
    ]
    label = tensor("label", 1, dtype="int64")
    signatures = {
        "condition": ([label, tensor("timesteps", "T")], modulation),
        "embed": ([latent], stream),
        **{
            f"block_{block:02d}_{kind}": ([x, norm, shift, scale, gate], [*stream, output])
            for block in range(DEPTH)
            for kind in KINDS
        },
        "reuse": ([x, output, gate], stream),
        "extrapolate": (
            [x, output, tensor("previous", 1, TOKENS, WIDTH), tensor("weight", 1, 1, 1), gate],
            stream,
        ),
        "final": ([norm, shift, scale], [tensor("model_output", 1, *LATENT)]),
    }
    return {
        name: {"file": "programs.bin", "method": name, "inputs": inputs, "outputs": outputs}
        for name, (inputs, outputs) in signatures.items()
    }


def toy_gate_set(name: str) -> dict[str, Any]:
    timesteps = spaced(GATE_STEPS[name])
    return {
        "name": name,
        "steps": GATE_STEPS[name],
        "timesteps": timesteps,
        "alphas_cumprod": alphas_of(timesteps).tolist(),
        "file": f"gates/{name}.f32",
        "thresholds": {"attn": 0.5, "mlp": 0.45},
        "max_reuse": 1 if name == "6-r30" else None,
        "extrapolate": False,
        "target_ratio": 0.3,
        "calibration": [{"threshold": 0.5, "lazy_ratio": 0.4, "psnr": 20.0}],
    }


def toy_manifest() -> dict[str, Any]:
    """The manifest but for its files."""
    return {
        "schema_version": 1,
        "target": "android",
        "precision": "fp32",
        "tools": {"lazydit": "0.1.0"},
        "model": {
            "name": "toy",
            "family": "dit",
            "checkpoint_sha256": "0" * 64,
            "depth": DEPTH,
            "width": WIDTH,
            "heads": 1,
            "patch_size": PATCH,
            "tokens": TOKENS,
            "latent_shape": list(LATENT),
            "output_channels": LATENT[0],
            "num_classes": CLASSES,
            "guidance_channels": GUIDED_CHANNELS,
            "image": "latent",
            "activation_type": "float32",
        },
        "diffusion": {
            "train_steps": TRAIN_STEPS,
            "beta_schedule": "linear",
            "beta_start": BETAS[0],
            "beta_end": BETAS[1],
        },
        "defaults": {"steps": 4, "guidance": 2.5},
        "programs": toy_programs(),
        "graph": {
            "condition": {"program": "condition", "max_steps": 4},
            "embed": "embed",
            "modules": [
                {
                    "name": f"block_{block:02d}_{kind}",
                    "kind": kind,
                    "block": block,
                    "program": f"block_{block:02d}_{kind}",
                    "reuse": "reuse",
                }
                for block in range(DEPTH)
                for kind in KINDS
            ],
            "final": "final",
            "decode": None,
            "blocks": [],
            "extrapolate": "extrapolate",
            "norm": {"kind": "layer_norm", "epsilon": 1e-6},
        },
        "gate_sets": [toy_gate_set(name) for name in GATE_STEPS],
        "lazy_ratios": [],
        "verification": {},
    }


@dataclass(frozen=True)
class ToyBundle:
    """A bundle on disk that a test may damage."""

    directory: Path

    def manifest(self) -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.directory / "manifest.json").read_text())
        return content

    def write_manifest(self, manifest: dict[str, Any]) -> None:
        (self.directory / "manifest.json").write_text(json.dumps(manifest))

    def list_files(self) -> None:
        """Makes the manifest agree with the files as they are now."""
        manifest = self.manifest()
        manifest["files"] = file_entries(self.directory)
        self.write_manifest(manifest)


def file_entries(directory: Path) -> dict[str, Any]:
    return {
        path.relative_to(directory).as_posix(): {
            "bytes": path.stat().st_size,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        for path in sorted(directory.rglob("*"))
        if path.is_file() and path.name != "manifest.json"
    }


@pytest.fixture
def toy_bundle(tmp_path: Path) -> ToyBundle:
    directory = tmp_path / "toy-bundle"
    (directory / "gates").mkdir(parents=True)
    (directory / "programs.bin").write_bytes(b"the weights of the toy are in ToyExecutor")
    for name in GATE_STEPS:
        toy_gates(name).tofile(directory / "gates" / f"{name}.f32")
    bundle = ToyBundle(directory)
    bundle.write_manifest(toy_manifest() | {"files": file_entries(directory)})
    return bundle


@dataclass(frozen=True)
class Toy:
    """The toy model's parts for tests: modules cannot import one another here."""

    Executor: type[ToyExecutor] = ToyExecutor
    depth: int = DEPTH
    classes: int = CLASSES
    latent: tuple[int, int, int] = LATENT

    def gates(self, name: str) -> Array:
        return toy_gates(name)

    def expected(
        self,
        label: int,
        seed: int,
        steps: int,
        guidance: float,
        decide: Decide,
        extrapolate: bool = False,
    ) -> Expected:
        import torch

        noise = torch.randn(LATENT, generator=torch.Generator().manual_seed(seed)).numpy()
        timesteps = spaced(steps)
        alphas = alphas_of(timesteps)
        return sample_toy(label, noise, timesteps, alphas, guidance, decide, extrapolate)


@pytest.fixture
def toy() -> Toy:
    return Toy()


@dataclass(frozen=True)
class Outcome:
    """What a command line left: exit code and what it printed."""

    code: int
    stdout: str
    stderr: str

    def is_use_error(self, *words: str) -> bool:
        """Whether it is one sentence with these words on stderr, and exit code 2."""
        (line,) = self.stderr.splitlines()
        assert line.startswith("error: "), self.stderr
        assert all(word in line for word in words), self.stderr
        return self.code == 2


@pytest.fixture
def run_cli(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., Outcome]:
    """Runs `lazydit` with the arguments given; the toy stands in for every executor."""
    from lazydit import cli
    from lazydit_runtime import executors

    class Point:
        def __init__(self, name: str) -> None:
            self.name = name

        def load(self) -> type[ToyExecutor]:
            return ToyExecutor

    points = [Point("executorch"), Point("toy")]
    monkeypatch.setattr(executors, "entry_points", lambda group: points)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments: object) -> Outcome:
        capfd.readouterr()
        monkeypatch.setattr("sys.argv", ["lazydit", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        output = capfd.readouterr()
        return Outcome(stop.value.code or 0, output.out, output.err)

    return run


@pytest.fixture
def wide_bundle(toy_bundle: ToyBundle, monkeypatch: pytest.MonkeyPatch) -> ToyBundle:
    """The toy's bundle with ten labels, and gates for ten steps."""
    steps, labels = 10, 10
    monkeypatch.setitem(globals(), "CLASSES", labels)
    gates = np.resize(toy_gates("4-r50"), (steps, 2 * DEPTH, WIDTH))
    gates.tofile(toy_bundle.directory / "gates" / "4-r50.f32")
    manifest = toy_bundle.manifest()
    manifest["model"]["num_classes"] = labels
    manifest["gate_sets"][0] |= {
        "steps": steps,
        "timesteps": spaced(steps),
        "alphas_cumprod": alphas_of(spaced(steps)).tolist(),
    }
    toy_bundle.write_manifest(manifest)
    toy_bundle.list_files()
    return toy_bundle
