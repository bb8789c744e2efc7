"""The command `lazydit` as its users call it: what it says, exits with and leaves behind."""

import os
import signal
import subprocess
import sys
from importlib.metadata import EntryPoint

import pytest
import typer

from lazydit import __version__, cli
from lazydit.data import FolderImages
from lazydit.errors import LazyDiTError
from lazydit.states import state_path


@pytest.fixture
def plugin(monkeypatch):
    """Makes `value` (module:function) the one installed sub-command, called `plugin`."""

    def install(value):
        found = EntryPoint("plugin", value, cli.COMMANDS)
        monkeypatch.setattr(cli, "entry_points", lambda group: [found])

    return install


def use_error() -> None:
    """Fail as a use error does."""
    raise LazyDiTError("the file is broken: make it again")


def interrupted() -> None:
    """Stop as ctrl-C does."""
    raise KeyboardInterrupt


def bug() -> None:
    """Fail as no command should."""
    raise ZeroDivisionError


def test_help_lists_every_command(lazydit):
    code, out, _ = lazydit("--help")
    assert code == 0
    assert all(name in out for name in ("train", "learn", "generate", "inspect", "doctor"))
    assert "Train a DiT on labelled images." in out


def test_help_does_not_wait_for_pytorch():
    script = "import sys; sys.argv[1:] = ['--help']; from lazydit import cli\ntry: cli.main()\n"
    script += "finally: assert 'torch' not in sys.modules"
    assert subprocess.run([sys.executable, "-c", script], stdout=subprocess.DEVNULL).returncode == 0


@pytest.mark.parametrize("command", ["analyze", "train", "learn"])
def test_help_of_a_command_shows_an_example_on_one_line(command, lazydit, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _ = lazydit(command, "--help")
    assert code == 0
    (example,) = (line for line in out.splitlines() if f"Example: lazydit {command} " in line)
    assert example.rstrip().endswith(".safetensors")


def test_version(lazydit):
    assert lazydit("--version") == (0, f"lazydit {__version__}\n", "")


def test_a_use_error_is_one_sentence_and_exit_code_2(lazydit, plugin):
    plugin(f"{__name__}:use_error")
    assert lazydit("plugin") == (2, "", "error: the file is broken: make it again\n")


def test_ctrl_c_exits_with_130(lazydit, plugin):
    plugin(f"{__name__}:interrupted")
    assert lazydit("plugin") == (130, "", "interrupted\n")


def test_a_bug_keeps_its_traceback(monkeypatch, plugin):
    plugin(f"{__name__}:bug")
    monkeypatch.setattr(sys, "argv", ["lazydit", "plugin"])
    with pytest.raises(ZeroDivisionError):
        cli.main()


@pytest.mark.parametrize("value", ["lazydit.absent:command", "absent.package:command"])
def test_a_command_that_cannot_be_imported_is_named(value, lazydit, plugin):
    plugin(value)
    assert lazydit("--help")[0] == 0
    code, _, err = lazydit("plugin")
    assert code == 2
    assert err.startswith("error: the command plugin cannot be loaded (No module named")


def test_a_single_command_app_reports_errors_the_same_way(monkeypatch, capsys):
    app = typer.Typer()
    app.command()(use_error)
    monkeypatch.setattr(sys, "argv", ["lazydit-something"])
    with pytest.raises(SystemExit) as stop:
        cli.run(app)
    assert stop.value.code == 2
    assert capsys.readouterr().err == "error: the file is broken: make it again\n"


@pytest.mark.parametrize(
    "arguments", [["compute"], ["train", "--colour", "red"], ["train", "--steps", "many"]]
)
def test_mistyped_arguments_exit_with_2(arguments, lazydit):
    code, out, err = lazydit(*arguments)
    assert (code, out) == (2, "")
    assert "Traceback" not in err


TINY = ["--size", 8, "--patch", 4, "--width", 16, "--depth", 1, "--heads", 2, "--device", "cpu"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (["--data", "absent"], "there is no folder absent"),
        (["--data", "images/0"], "images/0 holds no images"),
        (["--data", "digits"], "the digits are 32 pixels wide"),
        (["--size", 10], "input size 10 is not a multiple of patch size 4"),
        (["--heads", 3], "width 16 must be a multiple of 4 and of the 3 heads"),
        (["--depth", 0], "every size of a DiT must be at least 1"),
        (["--steps", 0], "0 steps train nothing"),
        (["--batch-size", 0], "a batch of 0 teaches nothing"),
        (["--seed", -1], "seed -1 is out of range"),
        (["--device", "abacus"], "device abacus is not usable here"),
        (["--out", "absent/dit.safetensors"], "cannot write absent/dit.safetensors"),
        (["--out", "images"], "images is a folder: name the file to write"),
        (["--out", "dit.pt"], "dit.pt does not end in .safetensors: name it dit.safetensors"),
    ],
)
def test_training_that_cannot_start_says_why_and_writes_nothing(
    changes, sentence, lazydit, image_folder, monkeypatch
):
    monkeypatch.chdir(image_folder.parent)
    before = sorted(image_folder.parent.rglob("*"))

    code, _, err = lazydit("train", "--data", "images", *TINY, "--steps", 2, *changes)

    assert code == 2
    assert err.startswith(f"error: {sentence}")
    assert err.count("\n") == 1
    assert sorted(image_folder.parent.rglob("*")) == before


def test_an_image_that_breaks_training_is_named(lazydit, image_folder):
    (image_folder / "0" / "0.png").write_bytes(b"")
    out = image_folder.parent / "dit.safetensors"
    code, _, err = lazydit("train", "--data", image_folder, *TINY, "--steps", 2, "--out", out)
    assert code == 2
    assert "error: cannot read the image" in err and "0.png: replace or remove it" in err
    assert not out.exists()


def test_interrupted_training_says_where_its_state_is(lazydit, image_folder, monkeypatch):
    out = image_folder.parent / "dit.safetensors"
    command = ["train", "--data", image_folder, *TINY, "--steps", 3, "--out", out]
    read = FolderImages.images

    def read_and_press_ctrl_c(self, indices, chance):
        os.kill(os.getpid(), signal.SIGINT)
        return read(self, indices, chance)

    monkeypatch.setattr(FolderImages, "images", read_and_press_ctrl_c)
    code, _, err = lazydit(*command)
    assert code == 130
    assert err == f"the state is kept in {state_path(out)}\ninterrupted\n"
    assert not out.exists()

    monkeypatch.setattr(FolderImages, "images", read)
    code, out_text, err = lazydit(*command)
    assert (code, err) == (0, "")
    assert f"wrote {out}" in out_text
