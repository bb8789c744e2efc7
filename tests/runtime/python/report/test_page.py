"""The report in headless Chromium: everything is drawn, nothing is fetched, all can use it."""

import base64
import json

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.select import Select

from lazydit_runtime.pipeline import Pipeline
from tests.runtime.python.report.conftest import SCREENSHOTS

WIDE, PHONE = (1100, 1400), (390, 844)


def open_page(browser, page, size=WIDE, scheme="light"):
    browser.get_log("browser")
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia",
        {"features": [{"name": "prefers-color-scheme", "value": scheme}]},
    )
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size == PHONE},
    )
    browser.get(page.as_uri())


def keep_screenshot(browser, name):
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    shot = browser.execute_cdp_cmd("Page.captureScreenshot", {"captureBeyondViewport": True})
    (SCREENSHOTS / name).write_bytes(base64.b64decode(shot["data"]))


def images(browser):
    """Natural width, displayed width, alternative text and source of every image."""
    return browser.execute_script(
        "return [...document.images].map(i => "
        "({natural: i.naturalWidth, shown: i.clientWidth, alt: i.alt, source: i.currentSrc}))"
    )


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE])
def test_every_figure_is_drawn_and_nothing_goes_wrong(browser, page, size, scheme):
    open_page(browser, page, size, scheme)
    shown = images(browser)
    figures = browser.find_elements(By.CSS_SELECTOR, "figure")
    # Similarity, bound, inputs, fits, examples, three on gates, and quality.
    assert len(figures) == 9
    assert len(shown) == 9 + 3 * len(browser.find_elements(By.CSS_SELECTOR, ".pictures tbody tr"))
    assert all(image["natural"] > 0 and image["shown"] > 0 and image["alt"] for image in shown)
    assert browser.get_log("browser") == []
    keep_screenshot(browser, f"report-{scheme}-{size[0]}.png")


def test_the_page_asks_the_network_for_nothing(browser, page):
    open_page(browser, page)
    fetched = browser.execute_script(
        "return performance.getEntriesByType('resource').map(entry => entry.name)"
    )
    assert [name for name in fetched if not name.startswith("data:")] == []
    assert "http" not in page.read_text().replace("http-equiv", "")


def test_a_dark_page_has_dark_figures(browser, page):
    sources = []
    for scheme in ("light", "dark"):
        open_page(browser, page, scheme=scheme)
        (figure, *_) = browser.find_elements(By.CSS_SELECTOR, "img.figure")
        colour = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
        sources.append((figure.get_property("currentSrc"), colour))
    (light, white), (dark, black) = sources
    assert light != dark and white == "rgb(255, 255, 255)" and black == "rgb(20, 23, 28)"


def test_a_phone_scrolls_the_page_in_one_direction_only(browser, page):
    open_page(browser, page, PHONE)
    width = browser.execute_script("return document.documentElement.scrollWidth")
    assert width <= PHONE[0]


def decisions(browser):
    """The map as the page shows it: module name -> decision of every step."""
    return {
        row.find_element(By.TAG_NAME, "th").text: [
            cell.get_attribute("aria-label") for cell in row.find_elements(By.TAG_NAME, "td")
        ]
        for row in browser.find_elements(By.CSS_SELECTOR, "#map tbody tr")
    }


@pytest.mark.parametrize("sample", [0, 1])
def test_the_map_shows_the_decisions_of_the_bundle(browser, page, small_bundle, sample):
    with Pipeline.load(small_bundle.directory) as pipeline:
        trace = pipeline.generate(1, seed=0, steps=6, policy="lazy", gates="6-r50").trace
    open_page(browser, page)
    Select(browser.find_element(By.ID, "map-policy")).select_by_visible_text("lazy 6-r50")
    Select(browser.find_element(By.ID, "map-image")).select_by_visible_text("1")
    Select(browser.find_element(By.ID, "map-sample")).select_by_index(sample)
    expected = {
        name: ["run" if ran else "reused" for ran in trace.ran[:, sample, module]]
        for module, name in enumerate(trace.modules)
    }
    assert decisions(browser) == expected
    assert {"run", "reused"} <= {decision for row in expected.values() for decision in row}


def test_the_step_slider_moves_by_keyboard_and_says_where_it_is(browser, page):
    open_page(browser, page)
    slider = browser.find_element(By.ID, "map-step")
    summary = browser.find_element(By.ID, "map-summary")
    assert summary.text.startswith("Step 1 of 6")
    for _ in range(2):
        slider.send_keys(Keys.ARROW_RIGHT)
    assert summary.text.startswith("Step 3 of 6")
    assert slider.get_attribute("aria-valuetext") == "step 3 of 6"
    chosen = browser.find_elements(
        By.CSS_SELECTOR, "#map tbody:nth-of-type(1) tr:first-child .chosen"
    )
    assert len(chosen) == 1


def test_everything_is_named_for_screen_readers_and_reached_by_keyboard(browser, page):
    open_page(browser, page)
    tree = browser.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]
    named = {"image", "slider", "combobox", "link", "region", "table", "navigation"}
    for node in tree:
        role = node.get("role", {}).get("value")
        if role in named and not node.get("ignored"):
            assert node.get("name", {}).get("value"), node
    assert browser.execute_script("return document.documentElement.lang") == "en"
    levels = browser.execute_script(
        "return [...document.querySelectorAll('h1,h2,h3')].map(h => Number(h.tagName[1]))"
    )
    assert levels[0] == 1 and set(levels[1:]) == {2}
    ids = browser.execute_script("return [...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))
    browser.find_element(By.TAG_NAME, "body").send_keys(Keys.TAB)
    assert browser.switch_to.active_element.get_attribute("class") == "skip"


def test_the_numbers_of_the_measurements_are_on_the_page(browser, page, quality_run):
    open_page(browser, page)
    text = browser.find_element(By.TAG_NAME, "main").text
    assert quality_run.doubts[0] in text
    assert "0.71" in text and "0.60 to 0.80" in text
    assert "12.2" in text and "7 rounds" in text
    data = json.loads(browser.find_element(By.ID, "map-data").get_attribute("textContent"))
    assert [policy["name"] for policy in data["policies"]] == [
        "lazy 6-r50",
        "every-n, every second step",
    ]
