"""A browser without a window, and what must hold for every page it opens."""

import base64
import shutil
import tempfile
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait

SHOTS = Path(__file__).parent.parent / "browser-shots"
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync "
    "--hide-scrollbars"
).split()

# Elements whose own text has too little contrast to the background behind it.
_PALE = """
const parse = c => (c.match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number);
const light = ([r, g, b]) => {
  const [x, y, z] = [r, g, b].map(v => {
    v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4;
  });
  return .2126 * x + .7152 * y + .0722 * z;
};
const behind = e => {
  for (; e; e = e.parentElement) {
    const c = parse(getComputedStyle(e).backgroundColor);
    if (c.length === 3 || c[3] === 1) return c;
  }
  return [255, 255, 255];
};
const found = [];
for (const e of document.querySelectorAll('body *')) {
  const own = [...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim());
  const box = e.getBoundingClientRect();
  if (!own || !box.width || box.right < 0) continue;
  const style = getComputedStyle(e);
  const ink = parse(e.closest('svg') ? style.fill : style.color);
  const [a, b] = [light(ink), light(behind(e))].sort((p, q) => q - p);
  const ratio = (a + .05) / (b + .05);
  if (ratio < 4.5) found.push(e.tagName + ' ' + e.textContent.trim().slice(0, 30) +
                              ' ' + ratio.toFixed(2));
}
return found;
"""


@pytest.fixture(scope="session")
def driver():
    """Debian's chromium, which a package manager installed; nothing is downloaded."""
    programs = [shutil.which("chromium"), shutil.which("chromedriver")]
    if None in programs:
        pytest.fail("needs chromium: apt-get install chromium chromium-driver")
    options = webdriver.ChromeOptions()
    options.binary_location = programs[0]
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    with tempfile.TemporaryDirectory() as profile:
        for flag in (*FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        browser = webdriver.Chrome(options, Service(programs[1]))
        yield browser
        browser.quit()


class Opened:
    """A page that is open in the browser."""

    def __init__(self, driver, path, width, scheme, query=""):
        self._driver, self.width = driver, width
        media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
        size = {"width": width, "height": 900, "deviceScaleFactor": 1}
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
        driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride", size | {"mobile": width < 600}
        )
        driver.get_log("browser")  # forgets what other pages said
        driver.get(Path(path).resolve().as_uri() + query)

    def run(self, script):
        """Return the value of a script."""
        return self._driver.execute_script(script)

    def wait(self, script):
        """Return the value of a script as soon as it has one."""
        return WebDriverWait(self._driver, 20).until(lambda _: self.run(script))

    def complaints(self):
        """Return the warnings and errors that the page wrote to the console."""
        log = self._driver.get_log("browser")
        return [entry["message"] for entry in log if entry["level"] != "INFO"]

    def overflow(self):
        """Return by how many pixels the page is wider than the window."""
        return self.run(
            "return document.documentElement.scrollWidth - window.innerWidth"
        )

    def broken_images(self):
        """Return images that show nothing."""
        return self.run(
            "return [...document.images].filter(i => !i.naturalWidth).map(i => i.src)"
        )

    def requests(self):
        """Return the addresses that the page loaded."""
        return self.run(
            "return performance.getEntriesByType('resource').map(r => r.name)"
            ".filter(n => !n.startsWith('data:'))"
        )

    def pale(self):
        """Return texts whose contrast is below 4.5, as WCAG AA asks of text."""
        return self.run(_PALE)

    def shoot(self, name):
        """Keep a picture of the whole page in browser-shots."""
        height = self.run("return document.documentElement.scrollHeight")
        clip = {"x": 0, "y": 0, "width": self.width, "height": height, "scale": 1}
        shot = self._driver.execute_cdp_cmd(
            "Page.captureScreenshot", {"captureBeyondViewport": True, "clip": clip}
        )
        SHOTS.mkdir(exist_ok=True)
        path = SHOTS / f"{name}.png"
        path.write_bytes(base64.b64decode(shot["data"]))
        assert path.stat().st_size > 10_000


@pytest.fixture
def browse(driver):
    """Open a page: ``browse(path, width=1440, scheme="light", query="")``."""

    def open_page(path, width=1440, scheme="light", query=""):
        return Opened(driver, path, width, scheme, query)

    return open_page
