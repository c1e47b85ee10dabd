"""The page in Chromium: opened, asked and waited for."""

import os
import re
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from playwright.sync_api import Browser, Locator, Page, Request, Route, expect

CHROMIUM_OPTIONS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-gpu",
)

WIDTHS = ((1440, 900), (1024, 768), (390, 844))
"""Of a large screen, a small one and a phone."""

ANSWER_MS = 30_000
"""Within which a question is answered on a busy machine."""

# A busy machine is slow; what is expected soon is timed where it is.
expect.set_options(timeout=20_000)

RESTING = """element => new Promise(resolve => {
    let [at, frames] = [null, 0];
    const look = () => {
        const { x, y } = element.getBoundingClientRect();
        frames = at === `${x} ${y}` ? frames + 1 : 0;
        at = `${x} ${y}`;
        if (frames === 10) resolve();
        else requestAnimationFrame(look);
    };
    look();
})"""
"""Until an element has stood still for ten frames."""

_EVENT = re.compile(r"/gradio_api/(queue/(join|data)|run)\b")

_open_requests: WeakKeyDictionary[Page, set[Request]] = WeakKeyDictionary()


def chromium() -> str | None:
    """Where Chromium lies, if it is there."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)


@contextmanager
def opened(
    browser: Browser,
    url: str,
    width: int = 1440,
    height: int = 900,
    dark: bool = False,
    touch: bool = False,
    ready: str = "html.cv-loaded",
) -> Iterator[Page]:
    """The page in a browser of its own, which may talk to nobody else and run no script of ours.

    Nor may any page that is opened from it. ``ready`` selects what is there once it has loaded.
    """
    context = browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if dark else "light",
        has_touch=touch,
    )
    context.set_default_timeout(30_000)
    requested: list[str] = []
    errors: list[str] = []
    context.on("request", lambda request: requested.append(request.url))
    context.on("weberror", lambda error: errors.append(str(error.error)))
    context.on("dialog", lambda dialog: errors.append(f"a dialog opened: {dialog.message}"))
    try:
        page = context.new_page()
        _follow_events(page)
        # From now on, as Chromium is told to report them: a block that expects one begins at once,
        # and a key that it presses can be faster.
        page.on("filechooser", lambda chooser: None)
        page.goto(url)
        page.locator(ready).wait_for()
        yield page
        own = (f"{url.rstrip('/')}/", "data:", "blob:")
        assert [each for each in requested if not each.startswith(own)] == []
        assert errors == []
        assert {each.evaluate("window.__pwned") for each in context.pages} == {None}
    finally:
        context.close()


def _follow_events(page: Page) -> None:
    """Record which requests of the page's events are open."""
    requests = _open_requests[page] = set()

    def begin(request: Request) -> None:
        if _EVENT.search(request.url):
            requests.add(request)

    def end(request: Request) -> None:
        requests.discard(request)

    page.on("request", begin)
    page.on("requestfinished", end)
    page.on("requestfailed", end)


def until_idle(page: Page) -> None:
    """Wait until Gradio has finished all events of the page.

    It ignores what would begin an event once more before. The stream that brings the results is
    closed when no event is left.
    """
    end = time.monotonic() + ANSWER_MS / 1_000
    while requests := _open_requests[page]:
        assert time.monotonic() < end, [request.url for request in requests]
        page.wait_for_timeout(10)  # Playwright takes note of requests meanwhile.


def reload(page: Page) -> None:
    """Load the page anew, and wait until it is there."""
    page.reload()
    page.locator("html.cv-loaded").wait_for()


def question_box(page: Page) -> Locator:
    return page.locator("#question textarea")


def replies(page: Page) -> Locator:
    return page.locator("#chat [data-testid='bot']")


def ask(page: Page, question: str, reply: str) -> None:
    """Ask with the keyboard and wait for the reply, after which the next can be asked."""
    count = replies(page).count()
    enter(page, question)
    expect(replies(page)).to_have_count(count + 1, timeout=ANSWER_MS)
    expect(replies(page).last).to_contain_text(reply, timeout=ANSWER_MS)
    until_finished(page)
    expect(question_box(page)).to_be_enabled()
    expect(question_box(page)).to_have_value("")


def ask_when_founded(page: Page) -> None:
    """Ask a question that the shipped documents answer."""
    ask(page, "When was the IOFS founded?", "[1]")
    expect(replies(page).last).to_contain_text("2013")


def notices(page: Page) -> Locator:
    """Sentences at the bottom of the page."""
    return page.locator(".cv-notices")


def action(page: Page, name: str) -> Locator:
    """What can be done with the last turn."""
    return replies(page).last.get_by_role("button", name=name, exact=True)


def begin_conversation(page: Page) -> None:
    page.get_by_role("button", name="New", exact=True).click()
    expect(replies(page)).to_have_count(0)


def until_finished(page: Page) -> None:
    """Wait until a reply that is shown is stored, too: the next question is refused before."""
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_visible()
    until_idle(page)


def enter(page: Page, question: str) -> None:
    """Type a question and press Enter."""
    question_box(page).fill(question)
    until_sent(page, lambda: question_box(page).press("Enter"))


def until_sent(page: Page, act: Callable[[], None]) -> None:
    """Begin an event once those before it are finished, and wait until it is accepted."""
    until_idle(page)
    # The stream of results is opened once the event is accepted.
    with page.expect_request(re.compile("/queue/data")):
        act()


@contextmanager
def server_out_of_reach(page: Page) -> Iterator[None]:
    """No event of the page reaches the server until the block ends; all are sent then."""
    events = re.compile("/gradio_api/")
    held: list[Route] = []
    page.route(events, lambda route: held.append(route))
    yield
    while held:
        held.pop(0).continue_()
    page.unroute(events)


def point_at(target: Locator) -> None:
    """Move the mouse over something once it rests: scrolling takes away what pointing shows."""
    target.scroll_into_view_if_needed()
    target.evaluate(RESTING)
    target.hover()


_CONTRAST = """element => {
    const parts = colour => colour.match(/[\\d.]+/g).map(Number);
    const luminance = colour => {
        const [r, g, b] = parts(colour).map(each => each / 255).map(
            each => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ratio = (...colours) => {
        const [light, dark] = colours.map(luminance).sort((one, other) => other - one);
        return (light + 0.05) / (dark + 0.05);
    };
    const behind = from => {
        while (from && parts(getComputedStyle(from).backgroundColor)[3] === 0)
            from = from.parentElement;
        return from ? getComputedStyle(from).backgroundColor : "rgb(255, 255, 255)";
    };
    const colour = getComputedStyle(element).color;
    const [own, around] = [behind(element), behind(element.parentElement)];
    return [ratio(colour, own), ratio(own, around), colour, own];
}"""


@dataclass(frozen=True, slots=True)
class Contrast:
    """How far an element stands out, as WCAG 2.2 measures it.

    Attributes:
        text: Ratio of its text to what is behind it.
        surface: Ratio of what is behind it to what is around that.
        colour: Of its text.
        behind: Of what is behind it.
    """

    text: float
    surface: float
    colour: str
    behind: str


def contrast(element: Locator) -> Contrast:
    return Contrast(*element.evaluate(_CONTRAST))


def html_names(page: Page) -> list[str]:
    """Names in the accessibility tree that are the source of HTML."""
    devtools = page.context.new_cdp_session(page)
    tree = devtools.send("Accessibility.getFullAXTree")["nodes"]
    devtools.detach()
    names = [node.get("name", {}).get("value", "") for node in tree if not node["ignored"]]
    assert len(names) > 50
    return [name for name in names if "</" in name or "class=" in name]


@contextmanager
def recovering(page: Page) -> Iterator[None]:
    """A failure was reported just now: the page is used again soon, and without a reload."""
    loaded, reported = page.evaluate("performance.timeOrigin"), time.monotonic()
    yield
    # On an idle machine it takes less than 5 s.
    assert time.monotonic() - reported < 20
    assert page.evaluate("performance.timeOrigin") == loaded
