// Notices: short sentences at the bottom of the page.

import { element } from "./elements.js";

const SECONDS = 8;

let place;

function area() {
  if (!place?.isConnected) {
    place = element("div", { className: "cv-notices", role: "status" });
    document.body.append(place);
  }
  return place;
}

/** Say something for some seconds; what is said again replaces itself. */
export function say(sentence) {
  for (const other of area().children) {
    if (other.textContent === sentence) {
      other.remove();
    }
  }
  const notice = element("p", { className: "cv-toast", textContent: sentence });
  area().append(notice);
  setTimeout(() => notice.remove(), SECONDS * 1_000);
}
