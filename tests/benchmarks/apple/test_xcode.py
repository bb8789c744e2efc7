"""--device ios: how the demo app is built.

The programs here stand for Apple's, which have not run; see apple_tools.
"""

import os
import shutil

import pytest

from tests.benchmarks.apple.apple_tools import AppleTools
from tests.benchmarks.apple.ios_run import measure, sentence

NEEDS_XCODE = "an iPhone is measured from a Mac with Xcode 15 or later"


def test_xcode_is_needed(
    apple: AppleTools, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (apple.state / "only-command-line-tools").touch()
    assert sentence(capsys).startswith(NEEDS_XCODE)
    (apple.state / "only-command-line-tools").unlink()
    (apple.programs / "xcodebuild").unlink()
    assert sentence(capsys).startswith(NEEDS_XCODE)
    monkeypatch.setenv("PATH", "")
    assert sentence(capsys).startswith(NEEDS_XCODE)


def test_the_project_is_made_once_and_again_when_its_description_changes(
    apple: AppleTools, capsys: pytest.CaptureFixture[str]
) -> None:
    def made() -> int:
        return [words[0] for words in apple.calls].count("xcodegen")

    assert measure() == 0 and measure() == 0
    assert made() == 1
    capsys.readouterr()
    later = apple.spec.stat().st_mtime + 3600
    os.utime(apple.spec, (later, later))
    apple.say("xcodegen", "Spec validation error: Target has a missing source directory")
    said = sentence(capsys)
    assert said.startswith("xcodegen cannot make ") and "(Target has a missing" in said
    (apple.programs / "xcodegen").unlink()
    assert sentence(capsys).endswith("run brew install xcodegen and repeat")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            'note: Building\nLazyDiTDemo.xcodeproj: error: Signing for "LazyDiTDemo" requires a '
            "development team. Select one. (in target 'LazyDiTDemo')",
            'the app cannot be signed (Signing for "LazyDiTDemo" requires a development team. ',
        ),
        (
            "error: No profiles for 'org.lazydit.demo' were found",
            "the app cannot be signed (No profiles for 'org.lazydit.demo' were found): log in to ",
        ),
        (
            "Demo.swift:3:1: warning: old\nDemo.swift:4:2: error: cannot find 'x' in scope\nfailed",
            "the app cannot be built (cannot find 'x' in scope): see ",
        ),
        (
            "xcode-select: error: tool 'xcodebuild' requires Xcode, but active developer directory "
            "'/Library/Developer/CommandLineTools' is a command line tools instance",
            NEEDS_XCODE,
        ),
    ],
)
def test_a_build_that_fails_is_a_sentence(
    words: str, said: str, apple: AppleTools, capsys: pytest.CaptureFixture[str]
) -> None:
    apple.say("xcodebuild", words)
    assert sentence(capsys).startswith(said)
    assert words in (apple.checkout / "build" / "ios" / "xcodebuild.log").read_text()


def test_the_team_of_the_environment_signs(
    apple: AppleTools, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEVELOPMENT_TEAM", "ABCDE12345")
    assert measure() == 0
    (build,) = (words for words in apple.calls if words[0] == "xcodebuild")
    assert build[-2:] == ["DEVELOPMENT_TEAM=ABCDE12345", "build"]


def test_the_app_needs_its_own_bundle(
    apple: AppleTools, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(apple.checkout / "build")
    said = sentence(capsys)
    assert said.startswith("there is no ") and said.endswith(": run make ios-bundle and repeat")
