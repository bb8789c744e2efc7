"""The manifest of a bundle: the gate graph, and facts about all that it names."""

import dataclasses
import platform
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

import lazydit
from lazydit.diffusion import BETA_END, BETA_START, TRAIN_TIMESTEPS, Schedule
from lazydit.files import sha256
from lazydit.gates import GateSet
from lazydit.models.dit import NORM_EPS, DiTConfig
from lazydit.sampling import DEFAULT_GUIDANCE
from lazydit_export.recipe import ExportRecipe, Source
from lazydit_export.split import KINDS, MAX_STEPS, Program, block_name, module_name
from lazydit_export.targets.target import Lowered
from lazydit_runtime.manifest import (
    SCHEMA_VERSION,
    CalibrationPoint,
    ConditionNode,
    Defaults,
    DiffusionSpec,
    FileEntry,
    GateGraph,
    GateSetSpec,
    LazyRatios,
    Manifest,
    ModelSpec,
    ModuleNode,
    NormSpec,
    ProgramSpec,
    Thresholds,
    WeightsSpec,
)

DEFAULT_STEPS = 20

PIXEL_CHANNELS = 3
"""A model of three channels draws RGB images; any other draws latents of some decoder."""


def describe(
    recipe: ExportRecipe,
    source: Source,
    programs: Sequence[Program],
    lowered: Sequence[Lowered],
    directory: Path,
) -> Manifest:
    """The manifest of the files in `directory`, before anything has been measured."""
    return Manifest(
        schema_version=SCHEMA_VERSION,
        target=recipe.target.name,
        precision=recipe.target.precision,
        formats=dict(recipe.target.formats),
        tools={
            "lazydit": lazydit.__version__,
            "torch": version("torch"),
            **{package: version(package) for package in recipe.target.packages},
            "python": platform.python_version(),
        },
        model=_model(recipe, source),
        diffusion=DiffusionSpec(TRAIN_TIMESTEPS, "linear", BETA_START, BETA_END),
        defaults=Defaults(_default_steps(source.gate_sets), DEFAULT_GUIDANCE),
        files=_files(directory),
        programs={
            program.name: ProgramSpec(
                file=result.file,
                method=result.method,
                inputs=program.inputs,
                outputs=program.outputs,
                delegates=result.delegates,
                leftover_ops=result.leftover_ops,
                operators=result.operators,
                weight_bytes=result.weight_bytes,
            )
            for program, result in zip(programs, lowered, strict=True)
        },
        graph=_graph(source.model.config, recipe.target.whole_blocks),
        gate_sets=tuple(_gate_set(gates) for gates in source.gate_sets),
        verification={},
        weights=_weights(lowered),
    )


def with_findings(
    manifest: Manifest,
    verification: Mapping[str, object],
    calibration: Mapping[str, tuple[CalibrationPoint, ...]],
    lazy_ratios: tuple[LazyRatios, ...],
) -> Manifest:
    """The manifest with what was measured; calibration by gate set name."""
    gate_sets = tuple(
        dataclasses.replace(gates, calibration=calibration[gates.name])
        for gates in manifest.gate_sets
    )
    return dataclasses.replace(
        manifest, verification=verification, gate_sets=gate_sets, lazy_ratios=lazy_ratios
    )


def gate_file(gates: GateSet) -> str:
    """Where a gate set lies in the bundle."""
    return f"gates/{gates.name}.f32"


def _model(recipe: ExportRecipe, source: Source) -> ModelSpec:
    config = source.model.config
    guidance_channels = config.guidance_channels or config.in_channels
    return ModelSpec(
        name=recipe.name,
        family="dit",
        checkpoint_sha256=source.checkpoint_sha256,
        depth=config.depth,
        width=config.width,
        heads=config.heads,
        patch_size=config.patch_size,
        tokens=config.tokens,
        latent_shape=(config.in_channels, config.input_size, config.input_size),
        output_channels=config.out_channels,
        num_classes=config.num_classes,
        guidance_channels=min(guidance_channels, config.in_channels),
        image="latent" if config.in_channels == PIXEL_CHANNELS else None,
        activation_type=recipe.target.activation_type,
    )


def _weights(lowered: Sequence[Lowered]) -> WeightsSpec | None:
    weights = {weight for program in lowered for weight in program.weights}
    if not weights:
        return None
    different = {weight.sha256: weight.bytes for weight in weights}
    return WeightsSpec(sum(weight.bytes for weight in weights), sum(different.values()))


def _graph(config: DiTConfig, whole_blocks: bool) -> GateGraph:
    modules = tuple(
        ModuleNode(
            name=module_name(block, kind),
            kind=kind,
            block=block,
            program=module_name(block, kind),
            reuse="reuse",
        )
        for block in range(config.depth)
        for kind in KINDS
    )
    blocks = tuple(block_name(block) for block in range(config.depth if whole_blocks else 0))
    condition = ConditionNode("condition", MAX_STEPS)
    norm = NormSpec("layer_norm", NORM_EPS)
    return GateGraph(
        condition, "embed", modules, "final", None, blocks, extrapolate="extrapolate", norm=norm
    )


def _gate_set(gates: GateSet) -> GateSetSpec:
    return GateSetSpec(
        name=gates.name,
        steps=gates.steps,
        timesteps=gates.timesteps,
        alphas_cumprod=tuple(Schedule.spaced(gates.steps).alphas_cumprod.tolist()),
        file=gate_file(gates),
        thresholds=Thresholds(gates.threshold_attn, gates.threshold_mlp),
        max_reuse=gates.max_reuse,
        target_ratio=gates.target_ratio,
        calibration=(),
        extrapolate=gates.extrapolate,
    )


def _default_steps(gate_sets: Sequence[GateSet]) -> int:
    """The gate sets' step count that is nearest to the usual one."""
    counts = [gates.steps for gates in gate_sets] or [DEFAULT_STEPS]
    return min(counts, key=lambda steps: abs(steps - DEFAULT_STEPS))


def _files(directory: Path) -> dict[str, FileEntry]:
    paths = sorted(path for path in directory.rglob("*") if path.is_file())
    return {
        path.relative_to(directory).as_posix(): FileEntry(path.stat().st_size, sha256(path))
        for path in paths
    }
