// Tabs: the address says which one is shown, so that Back leads to the one before.

import { addressed, addressWith } from "./addresses.js";
import { closeDocument } from "./reader.js";

const FIRST = "ask";
const BUTTON = /^(\w+)-tab-button$/;

/** Begin; the tabs come later. */
export function start() {
  document.addEventListener("click", event => {
    const name = nameOf(event.target.closest?.("[role='tab']"));
    // The reader, too, goes to the first tab, but comes back from there.
    if (!name || !event.isTrusted || name === (addressed("tab") ?? FIRST)) {
      return;
    }
    const shown = { tab: name === FIRST ? null : name, document: null };
    history.pushState({ ...history.state, reader: 0 }, "", addressWith(shown));
    closeDocument();
  });
  addEventListener("popstate", followAddress);
}

/** Show the tab that the address names. */
export function followAddress() {
  // A document is shown beside the chat, whichever tab it was opened from.
  if (addressed("document") !== null) {
    return;
  }
  const name = addressed("tab") ?? FIRST;
  const button = [...document.querySelectorAll("#tabs [role='tab']")].find(
    each => nameOf(each) === name);
  if (button?.ariaSelected === "false") {
    button.click();
  }
}

const nameOf = button => BUTTON.exec(button?.id ?? "")?.[1];
