"""How fast the page is: `python -m tests.benchmarks.page`, with Chromium there.

Loads the page over `docs/` on a slow line, and asks it questions from this machine.
"""

import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from tests.benchmarks.machine import this_machine
from tests.end_to_end.browsing import CHROMIUM_OPTIONS, chromium, opened, until_finished
from tests.end_to_end.chat_process import Running, running
from tests.end_to_end.test_first_load import opened_on_slow_line

WIDTHS = ((1440, 900), (390, 844))
QUESTIONS = (
    "When was the IOFS founded?",
    "How many members does the IOFS have?",
    "How much aid did Kazakhstan send to Syria?",
    "Which formats are read?",
    "What does the option --read-only hide?",
    "Where do files lie that were added in the web chat?",
    "What is the exit code when the documents do not say?",
    "Who won the 2022 World Cup?",
)

ASK = """async question => {
    const box = document.querySelector("#question textarea");
    const chat = document.querySelector("#chat");
    const answers = chat.querySelectorAll(".cv-actions").length;
    box.value = question;
    box.dispatchEvent(new Event("input", {bubbles: true}));
    const begun = performance.now();
    const seen = [null, null, null];
    box.dispatchEvent(new KeyboardEvent("keydown", {key: "Enter", bubbles: true}));
    while (seen[2] === null && performance.now() - begun < 30000) {
        await new Promise(requestAnimationFrame);
        const stages = [
            [...chat.querySelectorAll("[data-testid=user]")].at(-1)?.textContent.includes(question),
            /Searching|Reading/.test(chat.textContent),
            chat.querySelectorAll(".cv-actions").length > answers,
        ];
        stages.forEach((there, at) => { if (there) seen[at] ??= performance.now() - begun; });
    }
    return seen;
}"""
"""Asks, and returns milliseconds from Enter to the question, the first stage and the answer."""


def main() -> None:
    """Print the figures."""
    machine = this_machine()
    print(f"{machine.processor}, {machine.cores} cores, {machine.system}")
    with (
        tempfile.TemporaryDirectory() as place,
        running(Path(place)) as chat,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=chromium(), args=list(CHROMIUM_OPTIONS)
        )
        for size in WIDTHS:
            print(_load(browser, chat, *size))
        with opened(browser, chat.url) as page:
            seen: list[list[float]] = []
            for question in QUESTIONS:
                until_finished(page)
                seen.append(page.evaluate(ASK, question))
            for name, times in zip(
                ("the question", "the first stage", "the answer"), zip(*seen, strict=True),
                strict=True,
            ):  # fmt: skip
                print(
                    f"from Enter to {name}: median {statistics.median(times):.0f} ms, "
                    f"most {max(times):.0f} ms, of {len(times)}"
                )
        browser.close()


def _load(browser: Browser, chat: Running, width: int, height: int) -> str:
    """How the page comes over a line of 1.6 Mbit/s and 150 ms."""
    context = browser.new_context(viewport={"width": width, "height": height})
    page = opened_on_slow_line(context, chat.url)
    page.locator("html.cv-loaded").wait_for()
    ready = page.evaluate("performance.now()")
    page.wait_for_timeout(2_000)
    shift = sum(entry[0] for entry in page.evaluate("window.shifts"))
    *_, (paint, _) = page.evaluate("window.paints")
    context.close()
    return (
        f"{width} x {height} at 1.6 Mbit/s and 150 ms: layout shift {shift:.3f}, "
        f"largest paint {paint} ms, ready {ready:.0f} ms"
    )


if __name__ == "__main__":
    main()
