"""--device ios: how a bundle gets to the app.

The programs here stand for Apple's, which have not run; see apple_tools.
"""

import json
import shutil
from pathlib import Path

import pytest

import lineup
from models import Weights
from tests.benchmarks.apple.apple_tools import LOST, AppleTools
from tests.benchmarks.apple.ios_run import measure, sentence
from tests.conftest import SmallBundle


@pytest.fixture
def ios_bundle(small_bundle: SmallBundle, tmp_path: Path) -> Path:
    """A bundle that says of itself that it is for iOS: nothing here runs it."""
    folder = tmp_path / "bundle"
    shutil.copytree(small_bundle.directory, folder)
    manifest = folder / "manifest.json"
    manifest.write_text(json.dumps({**json.loads(manifest.read_text()), "target": "ios"}))
    return folder


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def pushes(apple: AppleTools) -> list[str]:
    """Where things were copied to."""
    copies = [words for words in apple.calls if words[3:5] == ["copy", "to"]]
    return [words[words.index("--destination") + 1] for words in copies]


def test_a_bundle_is_pushed_with_its_manifest_last_and_only_when_it_has_changed(
    apple: AppleTools, ios_bundle: Path
) -> None:
    place = apple.documents / "bundles" / "small-fp32"
    both = ["Documents/bundles/small-fp32", "Documents/bundles/small-fp32/manifest.json"]
    assert measure("--bundle", str(ios_bundle)) == 0
    assert apple.launched[-2:] == ["--bundle", "small-fp32"]
    assert files_of(place) == files_of(ios_bundle)
    assert pushes(apple) == both
    assert measure("--bundle", str(ios_bundle)) == 0
    assert pushes(apple) == both, "nothing anew"
    (place / "old.pte").touch()
    (place / "manifest.json").write_text("{}")
    assert measure("--bundle", str(ios_bundle)) == 0
    assert files_of(place) == files_of(ios_bundle)
    assert pushes(apple) == 2 * both


def test_a_bundle_that_is_cut_off_is_none_for_the_app(
    apple: AppleTools, ios_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = apple.documents / "bundles" / "small-fp32"
    place.mkdir(parents=True)
    (place / "manifest.json").write_text("{}")
    apple.fail("device copy to", None, LOST)
    assert sentence(capsys, "--bundle", str(ios_bundle)).startswith(
        "the connection to the iPhone was lost (A connection to this device could not be "
        "established; Timed out): unlock it"
    )
    left = files_of(ios_bundle)
    del left["manifest.json"]
    assert files_of(place) == left
    assert not apple.app_runs


def test_a_bundle_for_android_is_refused(
    apple: AppleTools, small_bundle: SmallBundle, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sentence(capsys, "--bundle", str(small_bundle.directory)) == (
        f"{small_bundle.directory} is for target android: give one that lazydit-export --target "
        "ios wrote"
    )
    assert [words[0] for words in apple.calls] == ["xcrun"], "nothing was built"


def test_a_model_is_exported_for_core_ml(
    apple: AppleTools, ios_bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def find_bundle(weights: Weights, target: str, precision: str, cache: Path) -> Path:
        asked.append((weights.name, target, precision))
        return ios_bundle

    monkeypatch.setattr(lineup, "find_bundle", find_bundle)
    assert measure("--model", "demo", "--precision", "fp16") == 0
    assert asked == [("digits", "ios", "fp16")]
    assert pushes(apple)[-1] == "Documents/bundles/small-fp32/manifest.json"
