"""The Swift runtime as an engine of this machine: lazydit-bench-apple of runtime/apple."""

from __future__ import annotations

from pathlib import Path

from conductor import EngineProcess
from lazydit.errors import LazyDiTError
from protocol import EngineSpec
from tool_engine import ToolEngine

COREML = "swift-coreml"
NATIVE = "swift-native"

TARGETS = {COREML: "ios", NATIVE: "android"}
"""The engines' names, and the target whose bundles each runs."""

COMPUTE_UNITS = {
    "ALL": "all",
    "CPU_ONLY": "cpu-only",
    "CPU_AND_GPU": "cpu-and-gpu",
    "CPU_AND_NE": "cpu-and-neural-engine",
}
"""What the Python executor `coreml` calls them, and what the tool does."""

_BUILD = Path(__file__).parents[2] / "build"

BUILT = _BUILD / "apple" / "lazydit-bench-apple"
"""Where runtime/apple/README.md builds the tool."""

LIBRARIES = _BUILD / "tools" / "runtime" / "native"
"""Where make tools builds liblazydit_native, whose suffix is the system's."""


def is_swift(executor: str | None) -> bool:
    """Whether `executor`, which a colon and compute units may follow, is one of Swift's."""
    return executor is not None and executor.partition(":")[0] in TARGETS


def swift_executor_for(target: str) -> str | None:
    """The engine that runs bundles for `target`; None where Swift has none."""
    return next((name for name, runs in TARGETS.items() if runs == target), None)


def find_tool(given: Path | None) -> Path:
    """The tool that is given, or the built one; LazyDiTError when there is none."""
    path = given or BUILT
    if not path.is_file():
        raise LazyDiTError(
            f"there is no {path}: build lazydit-bench-apple as runtime/apple/README.md says, or "
            "name it with --bench"
        )
    return path.absolute()


def engine_options(executor: str) -> list[str]:
    """What tells the tool its engine; LazyDiTError when `executor` cannot be or lacks a part."""
    name, _, units = executor.partition(":")
    if name == COREML:
        if units and units not in COMPUTE_UNITS:
            known = ", ".join(COMPUTE_UNITS)
            raise LazyDiTError(f"there are no compute units {units}: choose from {known}")
        chosen = ["--compute-units", COMPUTE_UNITS[units]] if units else []
        return ["--executor", "coreml", *chosen]
    if units:
        raise LazyDiTError(f"executor {name} has no devices to choose from: leave out :{units}")
    library = next(LIBRARIES.glob("liblazydit_native.*"), None)
    if library is None:
        raise LazyDiTError(f"{NATIVE} needs liblazydit_native in {LIBRARIES}: run make tools")
    return ["--executor", "native", "--library", str(library)]


def start_swift(tool: Path, modules: int, spec: EngineSpec, folder: Path) -> EngineProcess:
    """Starts `tool` on a bundle with `modules` modules; EngineFailed when that cannot be."""
    assert spec.bundle is not None and spec.executor is not None
    command = [str(tool), "--bundle", spec.bundle, *engine_options(spec.executor), "--serve"]
    if spec.executor == NATIVE:
        # Core ML decides about its threads and keeps what it compiles where it wants to.
        command += ["--threads", str(spec.threads), "--weight-cache", str(folder / "weights")]
    return ToolEngine(command, modules, spec, folder)
