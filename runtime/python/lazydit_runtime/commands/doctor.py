"""`lazydit doctor`: is everything here that is needed?"""

import os
import platform
import shutil
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Annotated

import typer

from lazydit.errors import LazyDiTError
from lazydit_runtime import _core
from lazydit_runtime.commands.generate import DEFAULT_BUNDLE
from lazydit_runtime.executors import executor_for, executor_names, find_executor
from lazydit_runtime.executors.native_library import engine_version
from lazydit_runtime.executors.weight_cache import VARIABLE, weight_cache_folder
from lazydit_runtime.pipeline import Pipeline
from lazydit_runtime.policies import Always, Lazy, Policy
from lazydit_runtime.selftest import scheduler_works

_PACKAGES = ("lazydit", "torch", "executorch", "numpy", "onnxruntime", "coremltools")
_NAME_WIDTH = 20


def doctor(
    bundle: Annotated[
        Path | None, typer.Argument(help="A bundle to try; ./lazydit-android if it is there.")
    ] = None,
) -> None:
    """Check what is installed, then run the scheduler and, if there is a bundle, generate once.

    Example: lazydit doctor

    Exits with 1 when something that is needed does not work.
    """
    _say("python", f"{platform.python_version()} on {platform.system()} {platform.machine()}")
    for package in _PACKAGES:
        _say(package, _installed(package))
    _say("threads", f"{os.cpu_count()} processors")
    _say("weight cache", f"{weight_cache_folder() or 'off'} (${VARIABLE} names another, or off)")
    _say("adb", shutil.which("adb") or "not found: needed only to measure on an Android phone")
    _say("Xcode", shutil.which("xcodebuild") or "not found: needed only for iOS, on a Mac")
    healthy = [_check(f"executor {name}", _find(name)) for name in executor_names()]
    healthy.append(_check("native library", lambda: f"runs ExecuTorch {engine_version()}"))
    healthy.append(_check("scheduler", _scheduler))
    if bundle is not None or DEFAULT_BUNDLE.is_dir():
        healthy.append(_check("generation", lambda: _generation(bundle or DEFAULT_BUNDLE)))
    else:
        _say("generation", "not tried, no bundle here: run lazydit-export --target android first")
    if not all(healthy):
        raise typer.Exit(1)


def _say(name: str, text: str) -> None:
    typer.echo(f"{name:{_NAME_WIDTH}} {text}")


def _check(name: str, run: Callable[[], str]) -> bool:
    """Say what `run` found, or why it failed."""
    try:
        _say(name, run())
    except LazyDiTError as error:
        _say(name, f"FAILED: {error}")
        return False
    return True


def _installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return f"missing: run pip install {package}"


def _find(name: str) -> Callable[[], str]:
    def find() -> str:
        find_executor(name)
        return "found"

    return find


def _scheduler() -> str:
    if not scheduler_works():
        raise LazyDiTError("the scheduler's result is wrong: install lazydit again")
    return f"{_core.version()} works"


def _generation(directory: Path) -> str:
    with Pipeline.load(directory) as pipeline:
        gate_sets = pipeline.bundle.manifest.gate_sets
        policy: Policy = Lazy(gates=gate_sets[0].name) if gate_sets else Always()
        executor = executor_for(pipeline.bundle.manifest.target)
        result = pipeline.generate(0, policy=policy)
    return (
        f"{directory} works with {executor}: {result.steps} steps with policy {result.policy} in "
        f"{result.timings.total_ms:.0f} ms, {result.lazy_ratio:.0%} reused"
    )
