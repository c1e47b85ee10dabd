// Citations: what the numbers in an answer do. Pointing at one shows its quote in a card, a click
// leads to its source; on a small screen the source comes as a sheet.

import { element, openDialog } from "./elements.js";
import { closeDocument } from "./reader.js";
import { SMALL } from "./screen.js";

const CALM = matchMedia("(prefers-reduced-motion: reduce)");

const BEFORE = 70;
const QUOTED = 220;
const BEHIND = 90;
/** In which the pointer gets from a number to its card. */
const LEAVE_MS = 250;

/** The source in the panel that a number of the chat belongs to. */
function sourceOf(number) {
  const name = [...number.classList].find(each => each.startsWith("to-"));
  return name ? document.getElementById(name.slice(3)) : null;
}

let card = null;

let leaving;

function hideCard() {
  clearTimeout(leaving);
  card?.number.removeAttribute("aria-describedby");
  card?.element.remove();
  card = null;
}

function showCard(number) {
  const source = sourceOf(number);
  if (!source || SMALL.matches || card?.number === number) {
    return;
  }
  hideCard();
  // The title follows the number.
  const title = source.querySelector("h3")?.lastChild.textContent.trim();
  const headings = source.querySelector(".cv-headings")?.textContent;
  const head = element("p", {
    className: "cv-card-head", dir: "auto",
    textContent: [title, headings, source.dataset.page].filter(Boolean).join(" › "),
  });
  const box = element(
    "div", { className: "cv-card", id: "cv-card", role: "tooltip" },
    head, excerpt(source.querySelector("blockquote")),
  );
  const link = source.querySelector(".cv-open")?.cloneNode(true);
  if (link) {
    link.textContent = "Open";
    // Those who use the keyboard open it from the source, to which the number leads.
    link.tabIndex = -1;
    box.append(link);
  }
  // Inside of what holds the sources, so that its link does what theirs do.
  document.querySelector("#reading").append(box);
  card = { number, element: box };
  number.setAttribute("aria-describedby", "cv-card");
  place(box, number.getBoundingClientRect());
}

/** The card goes with its number until that is out of sight. */
function followNumber() {
  const at = card.number.getBoundingClientRect();
  const top = document.elementFromPoint(at.left + at.width / 2, at.top + at.height / 2);
  if (card.number.contains(top) || card.element.contains(top)) {
    place(card.element, at);
  } else {
    hideCard();
  }
}

function place(box, at) {
  const { width, height } = box.getBoundingClientRect();
  const left = Math.max(8, Math.min(at.left - 24, innerWidth - width - 8));
  const below = at.bottom + 6;
  const top = below + height < innerHeight ? below : Math.max(8, at.top - height - 6);
  box.style.left = `${left}px`;
  box.style.top = `${top}px`;
}

/** The marked quote with what stands around it, short enough for two lines or three. */
function excerpt(passage) {
  const shown = element("p", { className: "cv-card-quote", dir: "auto" });
  const mark = passage?.querySelector("mark");
  if (!mark) {
    shown.textContent = (passage?.textContent ?? "").slice(0, QUOTED);
    return shown;
  }
  const range = document.createRange();
  range.setStart(passage, 0);
  range.setEndBefore(mark);
  const before = range.toString().split("\n").pop();
  range.setStartAfter(mark);
  range.setEnd(passage, passage.childNodes.length);
  const behind = range.toString().split("\n")[0];
  shown.append(
    before.length > BEFORE ? `…${before.slice(-BEFORE).replace(/^\S*/, "")}` : before,
    element("mark", { textContent: shorten(mark.textContent, QUOTED) }),
    shorten(behind, BEHIND),
  );
  return shown;
}

/** The start of a text, cut between words where there are any. */
const shorten = (text, most) => text.length > most
  ? `${text.slice(0, most).replace(/(?<=\s)\S*$/, "")}…` : text;

/** Show the source in the panel, unfolded and barred. */
function leadTo(source) {
  closeDocument();
  for (let fold = source.closest("details"); fold; fold = fold.parentElement.closest("details")) {
    fold.open = true;
  }
  document.querySelectorAll(".cv-chosen").forEach(each => each.classList.remove("cv-chosen"));
  source.classList.add("cv-chosen");
  source.tabIndex = -1;
  source.focus({ preventScroll: true });
  source.scrollIntoView({ block: "nearest", behavior: CALM.matches ? "auto" : "smooth" });
}

/** Show the source over the chat, at the bottom of a small screen. */
function openSheet(source) {
  const content = source.cloneNode(true);
  content.querySelectorAll("[id]").forEach(each => each.removeAttribute("id"));
  const passage = element("div", { className: "cv-panel" }, ...content.childNodes);
  const sheet = openDialog("Source", [passage], {
    className: "cv-sheet", parent: document.querySelector("#reading"),
  });
  passage.addEventListener("click", event => {
    if (event.target.closest("a.cv-open")) {
      // A document would open below the sheet.
      setTimeout(() => sheet.close());
    }
  });
}

/** Lead to the source of a number. */
export function follow(number) {
  const source = sourceOf(number);
  hideCard();
  if (!source) {
    return false;
  }
  if (SMALL.matches) {
    openSheet(source);
  } else {
    leadTo(source);
  }
  return true;
}

const numberAt = event => event.target.closest?.("#chat a.cv-number") ?? null;

/** Begin; the numbers come later. */
export function start() {
  document.addEventListener("click", event => {
    const number = numberAt(event);
    const plain = event.button === 0
      && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
    if (number && plain && follow(number)) {
      event.preventDefault();
    }
  });
  document.addEventListener("pointerover", event => {
    const number = numberAt(event);
    if (number && event.pointerType === "mouse") {
      showCard(number);
    }
    clearTimeout(leaving);
    if (card && event.target !== card.number && !card.element.contains(event.target)) {
      leaving = setTimeout(hideCard, LEAVE_MS);
    }
  });
  document.addEventListener("focusin", event => {
    const number = numberAt(event);
    if (number?.matches(":focus-visible")) {
      showCard(number);
    } else if (card && !card.element.contains(event.target)) {
      hideCard();
    }
  });
  document.addEventListener("keydown", event => {
    if (event.key === "Escape") {
      hideCard();
    }
  });
  document.addEventListener("scroll", event => {
    if (card && event.target.contains(card.number)) {
      followNumber();
    }
  }, { capture: true, passive: true });
}
