"""The command lazydit-export."""

import os
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from lazydit.cli import run
from lazydit.demo import demo_checkpoint, demo_gates
from lazydit.errors import LazyDiTError
from lazydit.quiet import quiet_stderr
from lazydit_export.adb import Phone, find_phone
from lazydit_export.install import install_bundle, require_app
from lazydit_export.pushed import bundle_name
from lazydit_runtime.manifest import FILE_NAME, Manifest

EXAMPLES = """
Turn a lazy DiT into a bundle that a phone can load, and prove that nothing was lost.

Examples:

lazydit-export --target android

lazydit-export dit.safetensors --gates 10.safetensors --target android --out b
"""

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command(help=EXAMPLES)
def export_command(
    target: Annotated[str, typer.Option(help="android, ios or onnx.")],
    checkpoint: Annotated[
        Path | None, typer.Argument(help="The DiT's weights; the demo model's if left out.")
    ] = None,
    gates: Annotated[
        list[Path] | None, typer.Option(help="A file of gates for it; may be given repeatedly.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Directory to make; ./lazydit-TARGET if left out.")
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(help="The model's name in the bundle; the file's if left out."),
    ] = None,
    heads: Annotated[
        int | None, typer.Option(help="Attention heads, where the checkpoint cannot tell.")
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option(
            help="fp32, fp16, int8 or int4, of the weights; the target's own if left out."
        ),
    ] = None,
    minimum_ios: Annotated[
        int | None, typer.Option(help="ios: the oldest iOS that is to run the bundle.")
    ] = None,
    install: Annotated[
        bool, typer.Option("--install", help="android: hand it to the demo app on a phone, by adb.")
    ] = False,
    serial: Annotated[
        str | None, typer.Option(help="--install: which phone, where several are attached.")
    ] = None,
    calibration_images: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Images that lazy ratios are measured on, in PyTorch: 12, 1 of large models; 0 "
            "leaves them out.",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an older bundle.")] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", help="Name leftover ops, show the compiler's output.")
    ] = False,
) -> None:
    # Said before the long work.
    if serial is not None and not install:
        raise LazyDiTError("--serial is about --install: add that, or leave it out")
    phone = phone_for(target, serial) if install else None
    # PyTorch's threads would spin while they wait, and take the cores from ExecuTorch's.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    with nullcontext() if verbose else quiet_stderr():
        # Imported here, so that --help does not wait for PyTorch and ExecuTorch.
        from lazydit_export.export import export
        from lazydit_export.recipe import ExportRecipe
        from lazydit_export.report import Report
        from lazydit_export.targets import find_target
        from lazydit_export.targets.target import TargetOptions

        recipe = ExportRecipe(
            checkpoint=checkpoint or demo_checkpoint(),
            gates=tuple(gates or ([] if checkpoint else demo_gates())),
            target=find_target(target, TargetOptions(precision, minimum_ios)),
            out=out or Path(f"lazydit-{target}"),
            name=name or (checkpoint or demo_checkpoint()).stem,
            heads=heads,
            force=force,
            calibration_images=calibration_images,
        )
        export(recipe, Report(Console(), verbose=verbose))
    if phone is not None:
        install_on(phone, recipe.out)


def phone_for(target: str, serial: str | None) -> Phone:
    """The phone that takes the bundle; raises LazyDiTError when none can."""
    if target != "android":
        raise LazyDiTError(
            f"--install hands bundles to the Android app, not target {target}: leave it out"
        )
    phone = find_phone(serial)
    require_app(phone)
    return phone


def install_on(phone: Phone, bundle: Path) -> None:
    """Hands the bundle to the demo app, and says so."""
    console = Console()
    name = bundle_name(Manifest.read(bundle / FILE_NAME))
    with console.status("pushing") as status:
        install_bundle(phone, bundle, name, lambda path: status.update(f"pushing {path}"))
    console.print(f"the app on {phone.serial} finds it as {name}", highlight=False)


def main() -> None:
    """The console script `lazydit-export`."""
    run(app)


if __name__ == "__main__":
    main()
