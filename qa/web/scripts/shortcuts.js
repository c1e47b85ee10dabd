// Shortcuts: keys that work wherever nothing is typed, and the list of them.

import { follow } from "./citations.js";
import { element, openDialog } from "./elements.js";
import { closeDocument } from "./reader.js";

const KEYS = [
  ["/", "Type a question; the other keys work once Esc has left the box"],
  ["Enter", "Ask; Shift and Enter begin a new line"],
  ["↑", "In an empty box: edit the question that was asked last"],
  ["1 – 9", "Go to the source of that number, of the last answer"],
  ["Esc", "Close what is open; give up an edit; leave the box"],
  ["?", "Show this list"],
];

const isTyping = target => target.closest?.("input, textarea, select, [contenteditable]");

function help() {
  const list = element("dl", { className: "cv-keys" });
  for (const [key, what] of KEYS) {
    list.append(
      element("dt", {}, element("kbd", { textContent: key })),
      element("dd", { textContent: what }),
    );
  }
  openDialog("Keyboard shortcuts", [list]);
}

/** Begin. */
export function start() {
  document.addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)
      || document.querySelector("dialog[open]")) {
      return;
    }
    if (event.key === "Escape") {
      closeDocument();
    } else if (event.key === "/") {
      event.preventDefault();
      document.querySelector("#question textarea")?.focus();
    } else if (event.key === "?") {
      help();
    } else if (/^[1-9]$/.test(event.key)) {
      const answers = document.querySelectorAll('#chat [data-testid="bot"]');
      const numbers = answers[answers.length - 1]?.querySelectorAll("a.cv-number") ?? [];
      const number = [...numbers].find(each => each.textContent.trim() === `[${event.key}]`);
      if (number) {
        follow(number);
      }
    }
  });
  document.addEventListener("click", event => {
    if (event.target.closest("#cv-keys")) {
      help();
    }
  });
}
