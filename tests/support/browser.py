"""A real browser that looks at our pages, without a window and without a network."""

import json
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from selenium import webdriver
from selenium.common.exceptions import NoAlertPresentException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.remote.webelement import WebElement

from tests.support.programs import program

_OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--host-resolver-rules=MAP * ~NOTFOUND",  # whatever a page asked for, nobody would get it
)
_GEOMETRY = (Path(__file__).parent / "page_geometry.js").read_text(encoding="utf-8")


class Browser:
    """One window of a running Chromium."""

    def __init__(self, driver: webdriver.Chrome) -> None:
        self._driver = driver

    def open(self, file: Path, *, width: int = 1280, dark: bool = False) -> None:
        """Open a page from a file.

        Args:
            file: the page.
            width: of the window, pixels.
            dark: whether the reader prefers dark pages.
        """
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self._do("Emulation.setDeviceMetricsOverride", size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._do("Emulation.setEmulatedMedia", {"features": [scheme]})
        self._driver.get("about:blank")
        self._log("browser")
        self._log("performance")
        self._driver.get(file.as_uri())

    def let_scripts_run(self, *, allowed: bool) -> None:
        """Whether the pages that are opened from now on may run scripts."""
        self._do("Emulation.setScriptExecutionDisabled", {"value": not allowed})

    def ask(self, script: str, *arguments: Any) -> Any:
        """What a script of the test finds in the page."""
        return self._driver.execute_script(script, *arguments)

    def geometry(self, question: str) -> Any:
        """What a function of `page_geometry.js` answers."""
        return self.ask(f"{_GEOMETRY}\nreturn {question}();")

    def find(self, selector: str) -> WebElement:
        """The first element that a CSS selector finds."""
        return self._driver.find_element("css selector", selector)

    def actions(self) -> webdriver.ActionChains:
        """Movements of mouse and keys."""
        return webdriver.ActionChains(self._driver, duration=0)

    def complaints(self) -> list[str]:
        """What the console says since the page was opened."""
        return [str(entry["message"]) for entry in self._log("browser")]

    def requests(self) -> Sequence[str]:
        """The addresses that were asked for since the page was opened."""
        found: list[str] = []
        for entry in self._log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                found.append(message["params"]["request"]["url"])
        return found

    def alerted(self) -> bool:
        """Whether a script of a page has opened a dialog."""
        try:
            self._driver.switch_to.alert.dismiss()
        except NoAlertPresentException:
            return False
        return True

    def photograph(self, file: Path) -> None:
        """Write what the window shows to a PNG file."""
        self._driver.save_screenshot(str(file))

    def _log(self, name: str) -> list[dict[str, Any]]:
        answer = self._driver.execute("getLog", {"type": name})
        return list(answer["value"])

    def _do(self, command: str, parameters: dict[str, Any]) -> None:
        self._driver.execute_cdp_cmd(command, parameters)


@contextmanager
def running_browser() -> Generator[Browser]:
    """Chromium of the system, driven by the system's driver; nothing is downloaded."""
    options = webdriver.ChromeOptions()
    options.binary_location = program("chromium")
    for option in _OPTIONS:
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    # A dialog that a page opens stays, so that the test sees it.
    options.unhandled_prompt_behavior = "ignore"
    driver = webdriver.Chrome(options=options, service=Service(program("chromedriver")))
    driver.set_page_load_timeout(20)
    try:
        yield Browser(driver)
    finally:
        driver.quit()
