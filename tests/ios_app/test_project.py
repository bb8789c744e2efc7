"""What XcodeGen reads: that it is well-formed, and fits the files beside it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
APP = ROOT / "ios_app"
ASSETS = APP / "App/Assets.xcassets"


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((APP / "project.yml").read_text(encoding="utf-8"))
    return loaded


@pytest.fixture(scope="module")
def target(project: dict[str, Any]) -> dict[str, Any]:
    (only,) = project["targets"].values()
    app: dict[str, Any] = only
    return app


def paths(target: dict[str, Any]) -> list[Path]:
    return [APP / (it if isinstance(it, str) else it["path"]) for it in target["sources"]]


def test_the_scheme_that_is_built_from_the_command_line_builds_the_app(
    project: dict[str, Any],
) -> None:
    assert project["name"] == "LazyDiTDemo"
    built = project["schemes"]["LazyDiTDemo"]["build"]["targets"]
    assert set(built) == set(project["targets"])
    # A target of the same name as a module that it imports could not import it.
    assert not set(project["targets"]) & {"LazyDiT", "LazyDiTCoreML", "LazyDiTDemo"}


def test_the_app_is_all_that_lies_in_its_folder_and_the_bundle_that_make_exports(
    target: dict[str, Any],
) -> None:
    sources, bundle = paths(target)
    assert (sources / "LazyDiTDemoApp.swift").is_file()
    made = re.search(r"^IOS_BUNDLE := (\S+)/manifest\.json$", (ROOT / "Makefile").read_text(), re.M)
    assert made and bundle.resolve() == ROOT / made[1]
    # As a folder: the packages in it are compiled on the phone, and found by the manifest's names.
    assert target["sources"][1]["type"] == "folder"
    named = re.search(r'forResource: "([^"]+)"', (sources / "LazyDiTDemoApp.swift").read_text())
    assert named and named[1] == bundle.name


def test_packages_have_the_products_that_the_app_links(
    project: dict[str, Any], target: dict[str, Any]
) -> None:
    for dependency in target["dependencies"]:
        manifest = APP / project["packages"][dependency["package"]]["path"] / "Package.swift"
        offered = re.findall(r'\.library\(name: "(\w+)"', manifest.read_text(encoding="utf-8"))
        assert set(dependency.get("products", [dependency.get("product")])) <= set(offered)


def test_the_scheme_is_not_called_like_one_that_xcode_makes_for_a_product(
    project: dict[str, Any],
) -> None:
    for package in project["packages"].values():
        manifest = (APP / package["path"] / "Package.swift").read_text(encoding="utf-8")
        assert not set(re.findall(r'\.library\(name: "(\w+)"', manifest)) & set(project["schemes"])


def test_assets_that_are_named_exist(target: dict[str, Any]) -> None:
    settings = target["settings"]
    launch = target["info"]["properties"]["UILaunchScreen"]["UIColorName"]
    colours = [settings["ASSETCATALOG_COMPILER_GLOBAL_ACCENT_COLOR_NAME"], launch]
    assert [name for name in colours if not (ASSETS / f"{name}.colorset").is_dir()] == []
    assert (ASSETS / f"{settings['ASSETCATALOG_COMPILER_APPICON_NAME']}.appiconset").is_dir()


def test_the_app_says_which_languages_it_speaks(target: dict[str, Any]) -> None:
    catalog = json.loads((APP / "App/Localizable.xcstrings").read_text(encoding="utf-8"))
    spoken = {it for entry in catalog["strings"].values() for it in entry["localizations"]}
    assert set(target["info"]["properties"]["CFBundleLocalizations"]) == spoken


def test_a_computer_can_reach_the_documents_of_the_app(target: dict[str, Any]) -> None:
    properties = target["info"]["properties"]
    assert target["settings"]["PRODUCT_BUNDLE_IDENTIFIER"] == "org.lazydit.demo"
    assert properties["UIFileSharingEnabled"] is True
    assert properties["LSSupportsOpeningDocumentsInPlace"] is True


def test_what_xcodegen_writes_is_not_kept(project: dict[str, Any], target: dict[str, Any]) -> None:
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert f"/ios_app/{project['name']}.xcodeproj/" in ignored
    assert "/build/" in ignored
    assert (APP / target["info"]["path"]).resolve().is_relative_to(ROOT / "build")
