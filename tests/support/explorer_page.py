"""The explorer opened in real browsers, for the tests that look at it.

All tests run in Chromium, those that are marked `in_each_browser` in Firefox as well. Where
Playwright or a browser is missing the tests are skipped with a word on how to get them; those of
the browsers that BOLTZMANN_BROWSER names, as in BOLTZMANN_BROWSER="chromium firefox", fail instead.
"""

import os
import shutil

import pytest

from experiments import explorer

COMMANDS = {
    "chromium": ("chromium", "chromium-browser", "google-chrome"),
    "firefox": ("firefox", "firefox-esr"),
}
QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--no-first-run"),
)
FALSE_ALARM = 1e-6
CONFIG = explorer.Config()
VIEWS = {"projector": {"width": 1920, "height": 1080}, "phone": {"width": 390, "height": 844}}
COUNTS = "[...explorer.world.gas.counts]"
LEDGER = (
    "(({gas}) => [gas.energy() - gas.startEnergy, gas.taken, gas.given, gas.work])(explorer.world)"
)


def in_each_browser(test):
    return pytest.mark.parametrize("browser", list(COMMANDS), indirect=True)(test)


def absent(name, what):
    if name in os.environ.get("BOLTZMANN_BROWSER", "").split():
        pytest.fail(what)
    pytest.skip(what)


def launched(playwright, name):
    """Return the browser of this machine, or else the one that Playwright installed.

    A Firefox that Playwright did not build is spoken to by WebDriver BiDi, its channel moz-firefox.
    """
    command = next(filter(None, map(shutil.which, COMMANDS[name])), None)
    if name == "chromium":
        return playwright.chromium.launch(executable_path=command, args=list(QUIET))
    channel = {"channel": "moz-firefox", "executable_path": command} if command else {}
    return playwright.firefox.launch(**channel)


# Of a module, not of the session: an open browser keeps an event loop running in this thread, in
# which later tests of the same process could run none of their own.
@pytest.fixture(scope="module")
def browser(request):
    name = getattr(request, "param", "chromium")
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        absent(name, 'no Playwright: python -m pip install -e ".[browser]"')
    with sync_playwright() as playwright:
        try:
            found = launched(playwright, name)
            found.new_page().close()
        except Error as error:
            said = str(error).splitlines()[0]
            absent(name, f"no {name}: python -m playwright install {name} ({said})")
        yield found
        found.close()


@pytest.fixture(scope="session")
def html():
    return explorer.page(CONFIG)


@pytest.fixture
def visit(browser, html, tmp_path):
    """Return a function that opens the page; whatever it asks of a network or complains of fails
    the test.
    """
    problems, pages = [], []

    def opened(fragment="#sweeps=1", change=lambda text: text, **options):
        file = tmp_path / f"explorer{len(pages)}.html"
        file.write_text(change(html), encoding="utf-8")
        page = browser.new_page(**{"viewport": {"width": 1280, "height": 800}, **options})
        page.on("console", lambda message: problems.append(message.text))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on(
            "request",
            lambda request: request.url.startswith(file.as_uri()) or problems.append(request.url),
        )
        pages.append(page)
        page.goto(file.as_uri() + fragment)
        return page

    opened.problems = problems
    yield opened
    for page in pages:
        page.close()
    assert problems == []


def state(page):
    return page.evaluate("({...explorer.state, t: String(explorer.state.t)})")


def law(page):
    return page.evaluate("explorer.world.law")


def settled_hash(page):
    """Return the address that the page is about to write, which it does after a pause."""
    page.evaluate("""() => {
        const wait = window.setTimeout;
        window.setTimeout = (write) => write();
        explorer.remember();
        window.setTimeout = wait;
    }""")
    return page.evaluate("location.hash")


def until(page, condition):
    """Wait for a condition, a minute at most.

    Playwright's own wait asks for an eval, which the page's policy refuses.
    """
    for _ in range(1200):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    pytest.fail(f"not within a minute: {condition}")


def replaced(old, new):
    def change(text):
        assert old in text
        return text.replace(old, new, 1)

    return change
