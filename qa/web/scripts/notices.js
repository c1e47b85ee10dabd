// Notices: short sentences at the bottom of the page, with an action where there is one.

import { button, element } from "./elements.js";

const SECONDS = 8;
const ACTION_SECONDS = 20;

let place;

// What lies outside an open dialog is dimmed and cannot be reached.
function area() {
  place ??= element("div", { className: "cv-notices", role: "status" });
  const parent = document.querySelector("dialog[open]") ?? document.body;
  if (place.parentElement !== parent) {
    parent.append(place);
  }
  return place;
}

document.addEventListener("close", event => {
  if (place && event.target.contains(place)) {
    document.body.append(place);
  }
}, true);

/** Say something for some seconds; what is said again replaces itself.
 * @param {{label: string, act: function(): void}} [action] - Offered beside it. */
export function say(sentence, action) {
  unsay(sentence);
  const words = element("span", { textContent: sentence });
  const notice = element("p", { className: "cv-toast" }, words);
  if (action) {
    notice.append(" ", button(action.label, () => {
      notice.remove();
      action.act();
    }));
  }
  area().append(notice);
  setTimeout(() => notice.remove(), (action ? ACTION_SECONDS : SECONDS) * 1_000);
  return notice;
}

/** Take a sentence away that is not true any more. */
export function unsay(sentence) {
  for (const notice of [...place?.children ?? []]) {
    if (notice.firstChild.textContent === sentence) {
      notice.remove();
    }
  }
}
