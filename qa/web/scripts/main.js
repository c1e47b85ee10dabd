// The page's own behaviour. Gradio's events call it as window.chapterAndVerse.

import { addingActions, startAdding } from "./adding.js";
import { followIndexing } from "./indexing.js";
import { within } from "./limit.js";
import { fillSourceList, listActions, startSourceList } from "./source_list.js";

window.chapterAndVerse = { within };

const actions = { ...listActions, ...addingActions };

document.addEventListener("click", event => {
  const button = event.target.closest?.("[data-do]");
  if (button) actions[button.dataset.do]?.(button);
});

startSourceList();
startAdding();

// Gradio draws the page once its own scripts have run, and anew after a connection was lost.
let filled = null;
const observer = new MutationObserver(() => {
  const list = document.querySelector("#source-list .cv-choosing");
  if (!list || list === filled || !document.querySelector("#limit-chip .cv-chip")) return;
  filled = list;
  fillSourceList();
  followIndexing();
});
observer.observe(document.documentElement, { childList: true, subtree: true });
