"""The executor `native`: ExecuTorch programs run by the C++ library, without Python in between."""

from pathlib import Path
from typing import TYPE_CHECKING

from lazydit.errors import LazyDiTError
from lazydit.quiet import quiet_stderr
from lazydit_runtime.bundle import Bundle
from lazydit_runtime.executors import Array
from lazydit_runtime.executors.native_library import NativePrograms
from lazydit_runtime.executors.pte import LOG_LINE, check_holds_pte
from lazydit_runtime.executors.signature import check_signature

if TYPE_CHECKING:
    from typing_extensions import CapsuleType, Self


class NativeExecutor:
    """Runs a bundle's .pte files on the scheduler's own memory."""

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
        while another executor is open. `checkpoint` is not read. Raises LazyDiTError when a file
        is not what the engine or the manifest expects.
        """
        check_holds_pte(bundle.manifest)
        specs = bundle.manifest.programs
        places = [(bundle.path(spec.file), spec.method) for spec in specs.values()]
        with quiet_stderr(LOG_LINE):
            programs = NativePrograms(places, threads)
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
