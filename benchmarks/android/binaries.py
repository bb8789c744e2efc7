"""The lazydit-bench that a phone can run."""

from __future__ import annotations

from pathlib import Path

from lazydit.errors import LazyDiTError

BUILT = Path(__file__).parents[2] / "build" / "android" / "lazydit-bench"
"""Where docs/native.md builds it."""

MACHINES = {"arm64-v8a": 0xB7, "armeabi-v7a": 0x28, "x86_64": 0x3E, "x86": 0x03, "riscv64": 0xF3}
"""The ELF header's e_machine of Android's ABIs."""

_MACHINE = slice(18, 20)


def find_binary(given: Path | None, abi: str) -> Path:
    """The one that is given, or the built one; LazyDiTError when the phone's `abi` is another."""
    path = given or BUILT
    if not path.is_file():
        raise LazyDiTError(
            f"there is no {path}: build lazydit-bench for the phone as docs/native.md says, or "
            "name it with --bench"
        )
    with path.open("rb") as opened:
        header = opened.read(_MACHINE.stop)
    if len(header) < _MACHINE.stop or not header.startswith(b"\x7fELF"):
        raise LazyDiTError(f"{path} is no program for Android: give lazydit-bench with --bench")
    machine = int.from_bytes(header[_MACHINE], "little")
    if machine != MACHINES.get(abi):
        names = {number: name for name, number in MACHINES.items()}
        raise LazyDiTError(
            f"{path} is built for {names.get(machine, f'machine {machine}')}, the phone is {abi}: "
            f"build lazydit-bench for {abi}, or name it with --bench"
        )
    return path
