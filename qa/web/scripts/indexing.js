// How far indexing has come, while it goes on; each document is listed once it is read.

import { reloadSourceList } from "./source_list.js";
import { fetchJson } from "./server.js";

const POLL_MS = 1_000;
const RELOAD_MS = 5_000;

let version = null;
let reloaded = 0;
let timer;
let turns = 0;

document.addEventListener("librarychange", () => followIndexing(true));

// Args: changed: whether the list shows the present library already.
export async function followIndexing(changed = false) {
  clearTimeout(timer);
  const turn = ++turns;
  let state;
  try {
    state = await fetchJson("sources/state");
  } catch {
    if (turn === turns) timer = setTimeout(followIndexing, RELOAD_MS, changed);
    return;
  }
  // A later reply may be there already.
  if (turn !== turns) return;
  showLine(document.querySelector("#indexing .cv-indexing"), state.line);
  // An empty library has a page of its own.
  const page = document.querySelector(".gradio-container");
  page.toggleAttribute("data-empty", state.files === 0 && !state.running);
  if (changed) version = state.version;
  const now = Date.now();
  const due = !state.running || now - reloaded > RELOAD_MS;
  if (version !== null && state.version !== version && due) {
    reloaded = now;
    version = state.version;
    await reloadSourceList();
  }
  version ??= state.version;
  if (state.running) timer = setTimeout(followIndexing, POLL_MS);
}

// Only what has changed, so that a screen reader does not repeat it.
function showLine(place, html) {
  const next = document.createElement("template");
  next.innerHTML = html;
  if (place.textContent.trim() !== next.content.textContent.trim()) {
    place.replaceChildren(next.content);
  }
}
