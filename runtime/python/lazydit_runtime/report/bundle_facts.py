"""What a bundle is, in words and tables."""

from lazydit_runtime import planning
from lazydit_runtime.bundle import Bundle
from lazydit_runtime.manifest import GateSetSpec, Manifest
from lazydit_runtime.policies import Always, Lazy
from lazydit_runtime.report.content import Section, Table

_MEGABYTE = 1e6


def summary(manifest: Manifest) -> str:
    """One sentence."""
    model = manifest.model
    total = sum(entry.bytes for entry in manifest.files.values())
    return (
        f"{model.name}, a {model.family} of depth {model.depth} and width {model.width} with "
        f"{model.tokens} tokens, lowered for {manifest.target} in {manifest.precision}: "
        f"{total / _MEGABYTE:.2f} MB in {len(manifest.files)} files."
    )


def bundle_section(bundle: Bundle) -> Section:
    manifest = bundle.manifest
    return Section(
        id="bundle",
        title="The bundle",
        text=[_verification(manifest)],
        tables=[_facts(manifest), _gate_sets(manifest.gate_sets), _memory(bundle), _files(manifest)]
        if manifest.gate_sets
        else [_facts(manifest), _memory(bundle), _files(manifest)],
        commands=[f"lazydit inspect {bundle.directory}"],
    )


def _verification(manifest: Manifest) -> str:
    found = manifest.verification
    if "executor" not in found:
        return "There is no record of a comparison with PyTorch."
    psnr = "equal images" if found["psnr"] is None else f"images of {found['psnr']:.1f} dB or more"
    unchecked = "".join(f" Not checked: {sentence}." for sentence in found.get("unchecked", ()))
    return (
        f"Export compared it with PyTorch on executor {found['executor']}: of "
        f"{found['decisions']:,} decisions {found['different']} differed; {psnr}; the worst "
        f"program, {found['worst_program']}, was off by {found['worst_program_error']:.1e}."
        + unchecked
    )


def _facts(manifest: Manifest) -> Table:
    model, defaults = manifest.model, manifest.defaults
    rows = [
        ("checkpoint", model.checkpoint_sha256),
        ("latent", " x ".join(str(size) for size in model.latent_shape)),
        ("labels", f"0 to {model.num_classes - 1}"),
        ("by default", f"{defaults.steps} steps, guidance {defaults.guidance:g}"),
        ("programs", str(len(manifest.programs))),
        ("made with", ", ".join(f"{name} {version}" for name, version in manifest.tools.items())),
    ]
    return Table("What it is", ("fact", "value"), rows)


def _gate_sets(gate_sets: tuple[GateSetSpec, ...]) -> Table:
    rows = [
        (
            spec.name,
            str(spec.steps),
            f"{spec.thresholds.attn:g}, {spec.thresholds.mlp:g}",
            "none" if spec.max_reuse is None else str(spec.max_reuse),
            "extrapolated" if spec.extrapolate else "as it is",
            "" if spec.target_ratio is None else f"{spec.target_ratio:.0%}",
        )
        for spec in gate_sets
    ]
    headings = ("gate set", "steps", "thresholds (attn, mlp)", "max reuse", "reuse", "target ratio")
    return Table("Gate sets", headings, rows, frozenset({1, 3, 5}))


def _memory(bundle: Bundle) -> Table:
    settings = [("always", planning.resolve(bundle, None, None, Always()))]
    for spec in bundle.manifest.gate_sets:
        lazy = planning.resolve(bundle, None, None, Lazy(gates=spec.name))
        settings.append((f"lazy {spec.name}", lazy))
    rows = []
    for name, setting in settings:
        memory = planning.memory(bundle, setting)
        sizes = (memory.total, memory.cache, memory.modulation)
        rows.append((name, str(setting.steps), *(f"{size / _MEGABYTE:.2f}" for size in sizes)))
    headings = ("policy", "steps", "MB", "of which cache", "modulation")
    caption = "Memory of a generation, beside the engine's"
    return Table(caption, headings, rows, frozenset(range(1, 5)))


def _files(manifest: Manifest) -> Table:
    rows = [
        (name, f"{entry.bytes / _MEGABYTE:.3f}", entry.sha256[:12])
        for name, entry in manifest.files.items()
    ]
    return Table("Files", ("file", "MB", "sha256"), rows, frozenset({1}))
