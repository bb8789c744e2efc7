"""The demo app built for an iPhone, by Xcode's command-line tools."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from apple.devicectl import NEEDS_XCODE
from lazydit.errors import LazyDiTError
from lazydit_runtime.manifest import FILE_NAME

ROOT = Path(__file__).parents[2]
SCHEME = "LazyDiTDemo"
CONFIGURATION = "Release"
TEAM = "DEVELOPMENT_TEAM"

_NO_SIGNATURE = re.compile(
    "requires a development team|no profiles for|no account for team|no signing certificate|"
    "provisioning profile|codesign failed|errsecinternalcomponent",
    re.IGNORECASE,
)


def build_app() -> Path:
    """Builds the app of ios_app below build/ios, whose log stays there, and returns its folder.

    A team in the environment variable DEVELOPMENT_TEAM signs it. Raises LazyDiTError when there is
    no Xcode, something that the app is made of is missing, or the build fails.
    """
    if shutil.which("xcodebuild") is None:
        raise LazyDiTError(NEEDS_XCODE)
    build = ROOT / "build" / "ios"
    bundle = build / "demo-ios"
    if not (bundle / FILE_NAME).is_file():
        raise LazyDiTError(
            f"there is no {bundle} for the app to hold: run make ios-bundle and repeat"
        )
    project, derived = _project(), build / "derived"
    words = ["xcodebuild", "-project", str(project), "-scheme", SCHEME]
    words += ["-configuration", CONFIGURATION, "-destination", "generic/platform=iOS"]
    words += ["-derivedDataPath", str(derived), "-allowProvisioningUpdates"]
    words += [f"{TEAM}={os.environ[TEAM]}"] if os.environ.get(TEAM) else []
    code, output = _run([*words, "build"])
    log = build / "xcodebuild.log"
    log.write_text(output, encoding="utf-8")
    if code != 0:
        raise _failure(output, log)
    products = derived / "Build" / "Products" / f"{CONFIGURATION}-iphoneos"
    app = next(products.glob("*.app"), None)
    if app is None:
        raise LazyDiTError(f"xcodebuild has left no app in {products}: see {log}")
    return app


def _project() -> Path:
    """The Xcode project, which XcodeGen makes where it is missing or older than its description."""
    spec = ROOT / "ios_app" / "project.yml"
    project = spec.with_name(f"{SCHEME}.xcodeproj")
    made = project / "project.pbxproj"
    if made.is_file() and made.stat().st_mtime >= spec.stat().st_mtime:
        return project
    if shutil.which("xcodegen") is None:
        raise LazyDiTError(
            f"there is no xcodegen to make {project}: run brew install xcodegen and repeat"
        )
    code, output = _run(["xcodegen", "generate", "--spec", str(spec)])
    if code != 0:
        raise LazyDiTError(f"xcodegen cannot make {project} ({_words(output)}): see {spec}")
    return project


def _run(words: Sequence[str]) -> tuple[int, str]:
    """Exit code and all that was printed."""
    done = subprocess.run(
        words,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    return done.returncode, done.stdout


def _failure(output: str, log: Path) -> LazyDiTError:
    if "requires Xcode, but active developer directory" in output:
        return LazyDiTError(NEEDS_XCODE)
    if signature := next((line for line in output.splitlines() if _NO_SIGNATURE.search(line)), ""):
        return LazyDiTError(
            f"the app cannot be signed ({_plain(signature)}): log in to Xcode, set {TEAM} to the "
            "identifier of your team and repeat"
        )
    return LazyDiTError(f"the app cannot be built ({_words(output)}): see {log}")


def _words(output: str) -> str:
    """The first error in what a tool printed, or its last line."""
    lines = output.strip().splitlines() or ["without a word"]
    return _plain(next((line for line in lines if "error:" in line), lines[-1]))


def _plain(line: str) -> str:
    return line.rpartition("error:")[2].strip().rstrip(".")
