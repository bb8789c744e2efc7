"""`lazydit inspect`: what a bundle, a checkpoint or a gate file is."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from lazydit.errors import LazyDiTError
from lazydit_runtime import planning
from lazydit_runtime.bundle import Bundle
from lazydit_runtime.manifest import GateSetSpec, LazyRatios, Manifest, WeightsSpec
from lazydit_runtime.peak_memory import peak_memory
from lazydit_runtime.planning import Setting
from lazydit_runtime.policies import Always, Lazy

if TYPE_CHECKING:
    from lazydit.gates import GateSet
    from lazydit.models.dit import DiT

_MEGABYTE = 1e6


def inspect(
    path: Annotated[Path, typer.Argument(help="A bundle, a checkpoint or a file of gates.")],
    heads: Annotated[
        int | None, typer.Option(help="Attention heads, where a checkpoint cannot tell.")
    ] = None,
) -> None:
    """Say what a bundle, a checkpoint or a file of gates is; a bundle is verified on the way.

    Example: lazydit inspect lazydit-android
    """
    console = Console()
    if path.is_dir():
        _show_bundle(console, Bundle.open(path))
        return
    if not path.is_file():
        raise LazyDiTError(f"there is nothing at {path}: give a bundle, a checkpoint or gates")
    gate_sets = _gates_in(path)
    if gate_sets is not None:
        _show_gates(console, path, gate_sets)
        return
    # Imported here, since PyTorch takes seconds to load and bundles do not need it.
    from lazydit.checkpoints import checkpoint_sha256, load_checkpoint

    _show_checkpoint(console, path, load_checkpoint(path, heads), checkpoint_sha256(path))


def _gates_in(path: Path) -> "list[GateSet] | None":
    from lazydit.gates import load_gates

    try:
        return load_gates(path)
    except LazyDiTError:
        return None


def _show_bundle(console: Console, bundle: Bundle) -> None:
    manifest = bundle.manifest
    model, defaults = manifest.model, manifest.defaults
    total = sum(entry.bytes for entry in manifest.files.values())
    tools = ", ".join(f"{name} {version}" for name, version in manifest.tools.items())
    console.print(
        f"bundle {bundle.directory}: model {model.name} for {manifest.target}, "
        f"{manifest.precision}, {total / _MEGABYTE:.2f} MB, verified\n"
        f"{model.family}: depth {model.depth}, width {model.width}, {model.tokens} tokens, "
        f"latent {list(model.latent_shape)}, {model.num_classes} labels\n"
        f"by default {defaults.steps} steps, guidance {defaults.guidance:g}\n"
        f"made with {tools}",
        highlight=False,
        soft_wrap=True,
    )
    files = Table("file", "MB", "sha256", title="Files", title_justify="left")
    for name, entry in manifest.files.items():
        files.add_row(name, f"{entry.bytes / _MEGABYTE:.3f}", entry.sha256[:12])
    console.print(files)
    console.print(_programs(manifest))
    if manifest.weights is not None:
        console.print(_weights(manifest.weights), highlight=False)
    console.print(_verification(manifest.verification), highlight=False, soft_wrap=True)
    if manifest.gate_sets:
        console.print(_gate_sets(manifest.gate_sets))
        console.print(_calibration(manifest.gate_sets))
        console.print(_lazy_ratios(manifest.lazy_ratios))
    console.print(_memory(bundle))
    peaks = _peak_memory(bundle)
    if peaks is None:
        console.print("peak memory of the process: not foretold for this bundle", highlight=False)
    else:
        console.print(peaks)


def _programs(manifest: Manifest) -> Table:
    table = Table("program", "file", title="Programs", title_justify="left")
    programs = manifest.programs
    delegates = any(program.delegates for program in programs.values())
    operators = any(program.operators for program in programs.values())
    weights = any(program.weight_bytes for program in programs.values())
    if delegates:
        table.add_column("delegates")
        table.add_column("leftover ops")
    if operators:
        table.add_column("function")
        table.add_column("operators", justify="right")
    if weights:
        table.add_column("weights MB", justify="right")
    for name, program in programs.items():
        more: list[str] = []
        if delegates:
            more += [str(program.delegates), ", ".join(program.leftover_ops)]
        if operators:
            more += [program.method, str(program.operators)]
        if weights:
            more.append(f"{program.weight_bytes / _MEGABYTE:.3f}")
        table.add_row(name, program.file, *more)
    return table


def _weights(weights: WeightsSpec) -> str:
    share = weights.different_bytes / weights.stored_bytes
    stored = weights.stored_bytes / _MEGABYTE
    return f"weights of all programs: {stored:.2f} MB, of which {share:.1%} are stored once"


def _verification(found: Mapping[str, Any]) -> str:
    """What the parity gate compared when the bundle was made, and what it could not."""
    if "executor" not in found:
        return "compared with PyTorch: no record of it"
    psnr = "equal images" if found["psnr"] is None else f"PSNR {found['psnr']:.1f} dB and better"
    lines = [
        f"compared with PyTorch on executor {found['executor']}: {found['decisions']} decisions of "
        f"{found['images']} images, {found['different']} different; {psnr}; worst program "
        f"{found['worst_program']}, error {found['worst_program_error']:.1e}",
        *(f"not checked: {sentence}" for sentence in found.get("unchecked", ())),
    ]
    return "\n".join(lines)


def _gate_sets(gate_sets: Sequence[GateSetSpec]) -> Table:
    table = Table(
        "gate set",
        "steps",
        "thresholds (attn, mlp)",
        "max reuse",
        "reused output",
        "target ratio",
        title="Gate sets",
        title_justify="left",
    )
    for spec in gate_sets:
        table.add_row(
            spec.name,
            str(spec.steps),
            f"{spec.thresholds.attn:g}, {spec.thresholds.mlp:g}",
            _or_none(spec.max_reuse),
            _reused_output(spec.extrapolate),
            _or_none(spec.target_ratio),
        )
    return table


def _calibration(gate_sets: Sequence[GateSetSpec]) -> Table:
    table = Table(
        "gate set",
        "threshold",
        "lazy ratio",
        "PSNR (dB) against always",
        title="Calibration",
        title_justify="left",
    )
    for spec in gate_sets:
        for point in spec.calibration:
            psnr = "equal" if point.psnr is None else f"{point.psnr:.1f}"
            table.add_row(spec.name, f"{point.threshold:g}", f"{point.lazy_ratio:.1%}", psnr)
    return table


def _lazy_ratios(calibrated: Sequence[LazyRatios]) -> Table | str:
    if not calibrated:
        return "lazy ratios to wish for: not measured, export the bundle again"
    table = Table(
        "steps",
        "to wish for",
        "gate sets",
        "images measured",
        title="Lazy ratios",
        title_justify="left",
    )
    for ratios in calibrated:
        names = dict.fromkeys(point.gates for point in ratios.points)
        highest = ratios.points[-1].lazy_ratio
        row = (f"0 to {highest:g}", ", ".join(names), str(ratios.images))
        table.add_row(str(ratios.steps), *row)
    return table


def _memory(bundle: Bundle) -> Table:
    table = Table(
        "policy",
        "steps",
        "MB",
        "of which cache",
        "modulation",
        title="Memory of a generation, beside the engine's",
        title_justify="left",
    )
    for name, setting in _settings(bundle):
        memory = planning.memory(bundle, setting)
        sizes = (memory.total, memory.cache, memory.modulation)
        megabytes = [f"{size / _MEGABYTE:.2f}" for size in sizes]
        table.add_row(name, str(setting.steps), *megabytes)
    return table


def _peak_memory(bundle: Bundle) -> Table | None:
    table = Table(
        "policy",
        "steps",
        "MB, weight cache filled",
        "MB, no weight cache",
        title="Peak memory of loading and the first image, executor executorch",
        title_justify="left",
    )
    for name, setting in _settings(bundle):
        peaks = [peak_memory(bundle, setting, kept_weights=kept) for kept in (True, False)]
        megabytes = [f"{peak.total / _MEGABYTE:.1f}" for peak in peaks if peak is not None]
        if not megabytes:
            return None
        table.add_row(name, str(setting.steps), *megabytes)
    return table


def _settings(bundle: Bundle) -> list[tuple[str, Setting]]:
    """A generation by every policy that needs nothing but the bundle, with its name."""
    lazy = [
        (f"lazy {spec.name}", planning.resolve(bundle, None, None, Lazy(gates=spec.name)))
        for spec in bundle.manifest.gate_sets
    ]
    return [("always", planning.resolve(bundle, None, None, Always())), *lazy]


def _show_gates(console: Console, path: Path, gate_sets: "Sequence[GateSet]") -> None:
    console.print(f"gates {path}: {len(gate_sets)} gate set(s)", highlight=False, soft_wrap=True)
    table = Table(
        "gate set",
        "steps",
        "depth",
        "width",
        "thresholds (attn, mlp)",
        "max reuse",
        "reused output",
        "target ratio",
    )
    for gates in gate_sets:
        table.add_row(
            gates.name,
            str(gates.steps),
            str(gates.depth),
            str(gates.width),
            f"{gates.threshold_attn:g}, {gates.threshold_mlp:g}",
            _or_none(gates.max_reuse),
            _reused_output(gates.extrapolate),
            _or_none(gates.target_ratio),
        )
    console.print(table)


def _show_checkpoint(console: Console, path: Path, model: "DiT", sha256: str) -> None:
    config = model.config
    parameters = sum(parameter.numel() for parameter in model.parameters())
    guided = "all" if config.guidance_channels is None else f"the first {config.guidance_channels}"
    console.print(
        f"checkpoint {path}: a DiT with {parameters:,} weights\n"
        f"depth {config.depth}, width {config.width}, {config.heads} heads, "
        f"patch {config.patch_size}, {config.tokens} tokens, {config.num_classes} labels\n"
        f"latent {[config.in_channels, config.input_size, config.input_size]}, learned sigma: "
        f"{'yes' if config.learn_sigma else 'no'}, guidance mixes {guided} channels\n"
        f"sha256 {sha256}",
        highlight=False,
        soft_wrap=True,
    )


def _reused_output(extrapolate: bool) -> str:
    return "extrapolated" if extrapolate else "held"


def _or_none(value: float | None) -> str:
    return "none" if value is None else f"{value:g}"
