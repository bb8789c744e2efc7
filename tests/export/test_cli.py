"""The command lazydit-export: what it says, and how it refuses bad input."""

from pathlib import Path

import pytest
import torch

from lazydit.gates import save_gates
from lazydit_export.cli import main
from tests.conftest import SmallBundle, random_dit, random_gates

USE_ERROR = 2


def run(monkeypatch: pytest.MonkeyPatch, folder: Path, *arguments: object) -> int:
    """The exit code of `lazydit-export` with these arguments, run in `folder`."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr("sys.argv", ["lazydit-export", *map(str, arguments)])
    with pytest.raises(SystemExit) as stopped:
        main()
    return int(stopped.value.code or 0)


def expect_refusal(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    folder: Path,
    arguments: tuple[object, ...],
    sentence: str,
) -> None:
    before = sorted(folder.iterdir())
    assert run(monkeypatch, folder, *arguments) == USE_ERROR
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert sentence in error
    assert error.count("\n") == 1
    assert sorted(folder.iterdir()) == before


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("tvos",), "there is no target tvos: use --target android, ios, onnx"),
        (
            ("ios", "--precision", "int2"),
            "target ios has no precision int2: choose from fp16, fp32, int8, int4",
        ),
        (
            ("ios", "--minimum-ios", 16),
            "target ios cannot be made for iOS 16: use --minimum-ios 17 or 18",
        ),
        (
            ("ios", "--precision", "int4", "--minimum-ios", 17),
            "target ios has no int4 for iOS 17, whose weights cannot have a scale per block: "
            "use --precision int8, or --minimum-ios 18",
        ),
        (("onnx", "--minimum-ios", 17), "--minimum-ios means nothing to target onnx"),
    ],
)
def test_what_a_target_cannot_do(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    arguments: tuple[object, ...],
    sentence: str,
) -> None:
    expect_refusal(monkeypatch, capsys, tmp_path, ("--target", *arguments), sentence)


def test_bad_checkpoints(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    torch.save({"layer.weight": torch.zeros(3)}, tmp_path / "other.pt")
    (tmp_path / "text.pt").write_text("no weights")
    for name, sentence in (
        ("other.pt", "is not a DiT"),
        ("text.pt", "text.pt"),
        ("missing.pt", "there is no checkpoint at"),
    ):
        expect_refusal(
            monkeypatch, capsys, tmp_path, (tmp_path / name, "--target", "android"), sentence
        )


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"width": 64}, "is for width 64 and the model has width 32"),
        ({"depth": 3}, "is for depth 3 and the model has depth 2"),
        ({"timesteps": (800, 500, 300, 0)}, "was learned for other timesteps"),
        ({"name": "../4"}, "cannot be the name of a file"),
    ],
)
def test_gates_that_do_not_fit(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    small_bundle: SmallBundle,
    changes: dict[str, object],
    sentence: str,
) -> None:
    sizes = {key: changes.pop(key) for key in ("width", "depth") if key in changes}
    gates = random_gates(random_dit(**sizes).config, 4, **changes)
    save_gates([gates], tmp_path / "gates.safetensors")
    arguments = (small_bundle.checkpoint, "--gates", "gates.safetensors", "--target", "android")
    expect_refusal(monkeypatch, capsys, tmp_path, arguments, sentence)


def test_other_bad_input(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    small_bundle: SmallBundle,
) -> None:
    given = (small_bundle.checkpoint, "--gates", small_bundle.gate_file, "--target", "android")
    (tmp_path / "there").mkdir()
    for more, sentence in (
        (("--gates", small_bundle.gate_file), "two gate sets are called 6-r50"),
        (("--gates", "missing.safetensors"), "there is no gate file at"),
        (("--gates", small_bundle.checkpoint), "holds no gates"),
        (("--heads", "3"), "heads"),
        (("--out", "there"), "there exists: choose another --out"),
        (("--out", "there", "--force"), "has no manifest.json, so --force does not"),
        (("--out", "missing/bundle"), "cannot write missing/bundle"),
        (("--target", "windows"), "there is no target windows"),
    ):
        if more == ("--out", "there", "--force"):
            (tmp_path / "there" / "letter").write_text("dear")
        expect_refusal(monkeypatch, capsys, tmp_path, (*given, *more), sentence)


def test_it_says_what_it_does(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    small_bundle: SmallBundle,
) -> None:
    given = (small_bundle.checkpoint, "--gates", small_bundle.gate_file, "--target", "android")
    assert run(monkeypatch, tmp_path, *given, "--out", "mine", "--name", "little", "--verbose") == 0
    said = capsys.readouterr().out
    for words in (
        "exporting little for android (fp32): depth 2, width 32, 16 tokens",
        "block_01_mlp",
        "2: native_layer_norm, sum",
        "programs.pte",
        "lazy 6-r50",
        "worst program error",
        "the bundle is in mine; next: lazydit generate mine",
    ):
        assert words in said
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
