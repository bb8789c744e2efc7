"""Writes Core ML packages: folders whose files are the same for the same programs."""

import json
import shutil
import uuid
from collections.abc import Mapping
from pathlib import Path

import coremltools as ct
from coremltools.proto import Model_pb2

from lazydit_export.coreml.convert import FUNCTION

MODEL_FILE = "Data/com.apple.CoreML/model.mlmodel"
WEIGHT_FILE = "Data/com.apple.CoreML/weights/weight.bin"
ITEM_LIST = "Manifest.json"

_DATE = "com.github.apple.coremltools.conversion_date"


def save_function(name: str, model: ct.models.MLModel, path: Path) -> None:
    """Write a package of one function at `path`, with the program's name for its description."""
    # Not model.save, which adds ExecuTorch's debug information.
    shutil.copytree(model.package_path, path)
    _settle(path, name)


def save_functions(models: Mapping[str, ct.models.MLModel], path: Path) -> None:
    """Write a package with a function per program; weights that they share are stored once."""
    functions = ct.utils.MultiFunctionDescriptor()
    for name, model in models.items():
        functions.add_function(model.package_path, FUNCTION, name)
    functions.default_function_name = next(iter(models))
    ct.utils.save_multifunction(functions, str(path))
    _settle(path, path.stem)


def _settle(path: Path, description: str) -> None:
    """Takes out of a package what differs from one run to the next: date, order, identifiers."""
    model_file = path / MODEL_FILE
    model = Model_pb2.Model.FromString(model_file.read_bytes())
    metadata = model.description.metadata
    metadata.shortDescription = description
    metadata.userDefined.pop(_DATE, None)
    model_file.write_bytes(model.SerializeToString(deterministic=True))
    _settle_items(path)
    # coremltools starts from temporary files, which others may not read.
    for part in path.rglob("*"):
        part.chmod(0o755 if part.is_dir() else 0o644)


def _settle_items(path: Path) -> None:
    """The identifiers of a package's items are random; they name items in this file only.

    An empty folder of weights goes: what copies files need not copy it.
    """
    content = json.loads((path / ITEM_LIST).read_text("utf-8"))
    items, root = content["itemInfoEntries"], content["rootModelIdentifier"]
    content["rootModelIdentifier"] = _identifier(items[root])
    kept = [item for item in items.values() if _keep(path / "Data" / item["path"])]
    content["itemInfoEntries"] = {_identifier(item): item for item in kept}
    text = json.dumps(content, indent=4, sort_keys=True) + "\n"
    (path / ITEM_LIST).write_text(text, "utf-8")


def _keep(item: Path) -> bool:
    """Whether there is anything in it; an empty folder is removed."""
    if item.is_dir() and not any(item.iterdir()):
        item.rmdir()
        return False
    return True


def _identifier(item: Mapping[str, str]) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, item["path"]))
