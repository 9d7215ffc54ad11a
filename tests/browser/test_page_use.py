"""Mouse and keys on the page of a lineage."""

from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys

from raincheck_contracts.lineage import Lineage
from raincheck_workers.cli.graph.lineage_page import lineage_page
from tests.support.browser import Browser
from tests.support.lineages import bound, made, step, value_of, version

SHOWN = (
    "return [...document.querySelectorAll('section.part')]"
    ".filter(one => one.offsetParent).map(one => one.id)"
)
NEAR = "return [...document.querySelectorAll('.arrow.near')].map(one => one.dataset.ends).sort()"


def _lineage() -> Lineage:
    model, score = version("model", 3, metadata={"note": "good"}), version("score")
    fit, use = step("fit"), step("use")
    return Lineage(
        root="score@1",
        direction="up",
        versions=(score, model),
        steps=(use, fit),
        edges=(
            made(use, score),
            bound(model, use),
            value_of(model, use, "note", "good"),
            made(fit, model),
        ),
    )


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Browser:
    """The page of a small lineage."""
    file = tmp_path / "lineage.html"
    file.write_text(lineage_page(_lineage()), encoding="utf-8")
    browser.open(file)
    return browser


def test_the_version_that_was_asked_for_is_shown_first(opened: Browser) -> None:
    """In the picture it is marked; the value of a metadata reference stands at its arrow."""
    assert opened.ask(SHOWN) == ["version-0"]
    assert opened.find(".box.marked .name").text == "score@1"
    labels = opened.ask("return [...document.querySelectorAll('.label')].map(o => o.textContent)")
    assert any('note = "good"' in label for label in labels)


def test_a_click_shows_what_is_known(opened: Browser) -> None:
    """Of a step: what it had bound by which reference, and the value; arrows at it stand out."""
    opened.find('svg a[href="#step-0"]').click()
    assert opened.ask(SHOWN) == ["step-0"]
    words = opened.find("#step-0").text
    for said in ("model:latest#/note", "model@3", '"good"', "score@1", "2023-11-14 22:13:25 UTC"):
        assert said in words
    assert opened.ask(NEAR) == ["1 2", "2 0"]
    assert opened.ask("return document.activeElement.id") == "step-0"
    assert opened.ask("return location.hash") == "#step-0"
    opened.find('#step-0 a[href="#version-1"]').click()
    assert opened.ask(SHOWN) == ["version-1"]
    assert opened.find("svg a.chosen .name").text == "model@3"
    opened.find('table a[href="#step-1"]').click()
    assert opened.ask(SHOWN) == ["step-1"]


def test_it_works_by_keyboard(opened: Browser) -> None:
    """Boxes are reached by the tabulator and opened by Enter."""
    opened.ask("document.querySelector('.scroll').focus()")
    opened.actions().send_keys(Keys.TAB).perform()
    assert opened.ask("return document.activeElement.getAttribute('href')") == "#version-0"
    opened.actions().send_keys(Keys.TAB).perform()
    assert opened.ask(NEAR)
    opened.actions().send_keys(Keys.ENTER).perform()
    assert opened.ask(SHOWN) == ["version-1"]


def test_the_pointer_lights_up_the_arrows_at_a_box(opened: Browser) -> None:
    """And those of the chosen box stay."""
    opened.actions().move_to_element(opened.find('svg a[href="#step-1"]')).perform()
    assert opened.ask(NEAR) == ["2 0", "3 1"]
    opened.actions().move_to_element(opened.find("h1")).perform()
    assert opened.ask(NEAR) == ["2 0"]


def test_the_picture_can_be_made_larger(opened: Browser) -> None:
    """And smaller, and as wide as the window."""
    width = "return document.querySelector('svg').getBoundingClientRect().width"
    before = opened.ask(width)
    opened.find('[data-zoom="in"]').click()
    assert opened.ask(width) == pytest.approx(1.3 * before, rel=0.01)
    opened.find('[data-zoom="fit"]').click()
    assert opened.ask(width) <= opened.ask("return document.querySelector('.scroll').clientWidth")


def test_without_scripts_all_is_there(browser: Browser, tmp_path: Path) -> None:
    """As in a mail program: every part is shown, and the links lead to them."""
    file = tmp_path / "lineage.html"
    file.write_text(lineage_page(_lineage()), encoding="utf-8")
    browser.let_scripts_run(allowed=False)
    try:
        browser.open(file)
        assert browser.find("#step-1").is_displayed()
        assert browser.find("#version-0").is_displayed()
        browser.find('svg a[href="#step-1"]').click()
        assert browser.find("#step-1:target").is_displayed()
    finally:
        browser.let_scripts_run(allowed=True)


def test_records_that_go_round_are_listed(browser: Browser, tmp_path: Path) -> None:
    """Nothing is drawn; the rest of the page works."""
    one, work = version("one"), step("work")
    lineage = Lineage(
        root="one@1",
        direction="up",
        versions=(one,),
        steps=(work,),
        edges=(made(work, one), bound(one, work)),
    )
    file = tmp_path / "circle.html"
    file.write_text(lineage_page(lineage), encoding="utf-8")
    browser.open(file)
    assert "go round in a circle" in browser.find(".scroll").text
    browser.find('table a[href="#step-0"]').click()
    assert browser.ask(SHOWN) == ["step-0"]
    assert browser.complaints() == []
