"""The demo model that comes with the package: handwritten digits, its weights and its gates."""

from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lazydit.demo.classifier import DigitClassifier

_FOLDER = Path(str(files(__name__)))


def demo_checkpoint() -> Path:
    """The demo model's weights, a safetensors file for `load_checkpoint`."""
    return _FOLDER / "digits.safetensors"


def demo_classifier() -> "DigitClassifier":
    """Reads the digits that the demo model draws; in evaluation mode."""
    # Imported here, so that asking where a file is does not wait for PyTorch.
    from lazydit.demo.classifier import load_classifier

    return load_classifier(_FOLDER / "classifier.safetensors")


def demo_gates() -> list[Path]:
    """The demo model's gate files, sorted by steps and then by target ratio."""
    return sorted((_FOLDER / "gates").glob("*-r*.safetensors"), key=_steps_and_target)


def _steps_and_target(path: Path) -> tuple[int, int]:
    steps, target = path.stem.split("-r")
    return int(steps), int(target)
