"""What the conductor and an engine's process say to each other, one line of JSON each."""

from __future__ import annotations

from dataclasses import dataclass, field

PEERS = ("executorch-whole", "onnxruntime-whole", "torch", "torch-compile")
"""Other ways to run the same weights, by name; the module `peers` holds them."""

BUNDLE = "bundle"
LIMIT = "limit"


@dataclass(frozen=True)
class EngineSpec:
    """An engine to measure, and all that its process needs to know.

    Attributes:
        kind: BUNDLE, LIMIT or one of PEERS.
        name: what the table calls it.
        threads: how many it may use.
        precision: of its weights.
        bundle, executor: what a BUNDLE runs and by which executor; None is the bundle's own.
        checkpoint: the model's weights; only a BUNDLE can do without.
        kept: begins the names of files that a peer makes of the weights and keeps.
        guidance, guidance_channels: the scale of classifier-free guidance, and how many leading
            channels it mixes.
        latent_shape, num_classes: of the model.
    """

    kind: str
    name: str
    threads: int
    precision: str = "fp32"
    bundle: str | None = None
    executor: str | None = None
    checkpoint: str | None = None
    kept: str = ""
    guidance: float = 1.0
    guidance_channels: int = 3
    latent_shape: tuple[int, ...] = ()
    num_classes: int = 0


@dataclass(frozen=True)
class Case:
    """What one image is drawn with: a policy at a step count.

    `gates` is the gate set of `lazy`, `ratio` the share that a `schedule` reuses.
    """

    policy: str
    steps: int
    gates: str | None = None
    ratio: float | None = None

    @property
    def name(self) -> str:
        if self.ratio is not None:
            return f"{self.policy} {self.ratio:g}"
        return f"{self.policy} {self.gates}" if self.gates else self.policy


@dataclass(frozen=True)
class ImageTimes:
    """One image; times in milliseconds.

    `kind_ms` holds the time per kind of program and of the scheduler, where the engine knows it.
    `runs` counts the modules that ran, by kind and for each sample.
    """

    image_ms: float
    step_ms: list[float]
    lazy_ratio: float = 0.0
    kind_ms: dict[str, float] = field(default_factory=dict)
    runs: dict[str, int] = field(default_factory=dict)
