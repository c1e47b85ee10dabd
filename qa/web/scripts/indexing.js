// How far indexing has come, while it goes on; each document is listed once it is read, also one
// that another browser or the command line has added.

import { reloadSourceList } from "./source_list.js";
import { fetchJson } from "./server.js";
import { noteCaller } from "./session.js";

const POLL_MS = 1_000;
const RELOAD_MS = 5_000;
const IDLE_MS = 15_000;

let version = null;
let reloaded = 0;
let timer;
let wasRunning = false;
let turns = 0;

document.addEventListener("librarychange", () => followIndexing(true));
document.addEventListener("visibilitychange", () => {
  if (version !== null) followIndexing();
});

// Args: changed: whether the list shows the present library already.
export async function followIndexing(changed = false) {
  clearTimeout(timer);
  // Nobody sees it, and once somebody does, it goes on.
  if (document.hidden && version !== null && !changed) return;
  const turn = ++turns;
  let state;
  try {
    state = await fetchJson("sources/state");
  } catch {
    if (turn === turns) timer = setTimeout(followIndexing, RELOAD_MS, changed);
    return;
  }
  noteCaller(state.caller);
  // A later reply may be there already.
  if (turn !== turns) return;
  showLine(document.querySelector("#indexing .cv-indexing"), state.line);
  // An empty library has a page of its own.
  const page = document.querySelector(".gradio-container");
  page.toggleAttribute("data-empty", state.files === 0 && !state.running);
  if (changed) version = state.version;
  const now = Date.now();
  const ended = wasRunning && !state.running;
  wasRunning = state.running;
  const due = !state.running || now - reloaded > RELOAD_MS;
  if (ended || (version !== null && state.version !== version && due)) {
    reloaded = now;
    version = state.version;
    await reloadSourceList();
  }
  version ??= state.version;
  // Another one may have begun while the list was loaded.
  if (turn === turns) {
    timer = setTimeout(followIndexing, state.running ? POLL_MS : IDLE_MS);
  }
}

// Only what has changed, so that a screen reader does not repeat it.
function showLine(place, html) {
  const next = document.createElement("template");
  next.innerHTML = html;
  if (place.textContent.trim() !== next.content.textContent.trim()) {
    place.replaceChildren(next.content);
  }
}
