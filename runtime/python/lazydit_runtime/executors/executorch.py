"""The executor `executorch`: ExecuTorch's engine, behind the native library, on this CPU."""

from pathlib import Path
from typing import TYPE_CHECKING

from lazydit.errors import LazyDiTError
from lazydit.quiet import quiet_stderr
from lazydit_runtime.bundle import Bundle
from lazydit_runtime.executors import Array
from lazydit_runtime.executors.native_library import NativePrograms, Place
from lazydit_runtime.executors.signature import check_signature
from lazydit_runtime.executors.weight_cache import weight_cache_folder
from lazydit_runtime.manifest import GateGraph, Manifest

if TYPE_CHECKING:
    from typing_extensions import CapsuleType, Self

_LOG_LINE = r"(\[|[DIEF] [\d:.]+ executorch:)\w+\.cpp:\d+\] "
"""How the engine's log lines begin, where its Python binding is in use and where it is not."""


class ExecuTorchExecutor:
    """Runs a bundle's .pte files on the scheduler's own memory, without Python in between."""

    def __init__(self, programs: NativePrograms, names: tuple[str, ...]) -> None:
        self._programs = programs
        self._numbers = {name: number for number, name in enumerate(names)}
        self.capsule: CapsuleType = programs.capsule()

    @classmethod
    def open(
        cls, bundle: Bundle, *, threads: int | None = None, checkpoint: Path | None = None
    ) -> "Self":
        """Load every program of `bundle` and hold its signature against the manifest.

        `threads` sizes the engine's pool, which the whole process has in common; do not set it
        while another executor is open. `checkpoint` is not read. Packed weights are kept in
        `weight_cache_folder()`. Raises LazyDiTError when a file is not what the engine or the
        manifest expects.
        """
        _check_holds_pte(bundle.manifest)
        specs = bundle.manifest.programs
        places = [
            Place(
                bundle.path(spec.file),
                spec.method,
                bundle.manifest.files[spec.file].sha256,
                _layer_norm_epsilon(name, bundle.manifest.graph),
            )
            for name, spec in specs.items()
        ]
        with quiet_stderr(_LOG_LINE):
            programs = NativePrograms(places, threads, weight_cache_folder())
        try:
            for number, name in enumerate(specs):
                check_signature(name, bundle.manifest, *programs.signature(number))
        except LazyDiTError:
            programs.close()
            raise
        return cls(programs, tuple(specs))

    def run(self, program: str, inputs: list[Array], outputs: list[Array]) -> None:
        """Fill `outputs` with what `program` makes of `inputs`."""
        self._programs.run(self._numbers[program], inputs, outputs)

    def close(self) -> None:
        """Unload all programs."""
        self._programs.close()


def _layer_norm_epsilon(program: str, graph: GateGraph) -> float:
    """Of a program that the native library can compute itself; 0 for any other."""
    reuses = program in {graph.extrapolate, *(module.reuse for module in graph.modules)}
    return graph.norm.epsilon if graph.norm is not None and reuses else 0.0


def _check_holds_pte(manifest: Manifest) -> None:
    if manifest.formats or any(s.file not in manifest.files for s in manifest.programs.values()):
        raise LazyDiTError(
            f"this bundle is for target {manifest.target} and holds no ExecuTorch "
            "programs: choose another executor, or run lazydit-export --target android"
        )
