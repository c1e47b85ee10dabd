// The list of documents: its rows, the search for them, the menu of each, and what is ticked.

import { closeList, isDrawer, startDrawer, toggleList } from "./drawer.js";
import { element } from "./elements.js";
import { askAll, askOnly, settle, startLimit, ticked } from "./limit.js";
import { fetchHtml, fetchLines } from "./server.js";
import { ownKey } from "./session.js";

const SEARCH_MS = 150;
const NOT_LISTED = "The documents could not be listed; the server does not answer.";

let counts = { used: 0, documents: 0 };
let loading = 0;
let removing = null;

const list = () => document.querySelector("#source-list .cv-choosing");
const rows = () => list().querySelector(".cv-rows");

export function startSourceList() {
  startDrawer();
  let typing;
  document.addEventListener("input", event => {
    if (!event.target.matches(".cv-seek")) return;
    clearTimeout(typing);
    showTicks();
    typing = setTimeout(() => loadRows(false), SEARCH_MS);
  });
  document.addEventListener("change", event => {
    if (!event.target.matches("#source-list input[data-path]")) return;
    settle({ path: event.target.dataset.path, tick: event.target.checked });
  });
}

// Once the list stands in the page, also where Gradio has drawn it anew.
export async function fillSourceList() {
  await startLimit(ownKey(list().dataset.storage), showLimit);
  await loadRows(false);
}

// The list after the library has changed; the sources of the answers may have changed, too.
export async function reloadSourceList() {
  await Promise.all([settle(), loadRows(true)]);
  document.dispatchEvent(new CustomEvent("sourceschange"));
}

// What the buttons do, by their data-do.
export const listActions = {
  "open-list": toggleList,
  "close-list": closeList,
  all: async () => {
    await askAll();
    document.querySelector("#question textarea")?.focus();
  },
  only: async button => {
    await askOnly(row(button).dataset.path);
    if (isDrawer()) closeList();
  },
  more: async button => {
    const number = loading;
    button.disabled = true;
    let html;
    try {
      html = await fetchHtml("sources", { ...sought(), after: button.dataset.after });
    } catch {
      button.disabled = false;
      sayProblem(NOT_LISTED);
      return;
    }
    // Other rows may have been listed meanwhile.
    if (number !== loading) return;
    const next = fragment(html);
    const first = next.querySelector("input, summary");
    button.parentElement.remove();
    rows().querySelector("ul").append(...next.querySelector("ul").children);
    const more = next.querySelector(".cv-more");
    if (more) rows().append(more.parentElement);
    showTicks();
    first.focus();
  },
  remove: button => {
    removing = row(button);
    const dialog = list().querySelector("dialog");
    dialog.querySelector(".cv-removed").textContent = removing.dataset.title;
    const uploaded = "uploaded" in removing.dataset;
    dialog.querySelector(".cv-of-uploads").hidden = !uploaded;
    dialog.querySelector(".cv-of-folder").hidden = uploaded;
    dialog.showModal();
  },
  keep: button => button.closest("dialog").close(),
  "remove-now": async button => {
    button.closest("dialog").close();
    list().querySelector(".cv-seek").focus();
    await change("sources/remove", { path: removing.dataset.path });
  },
  index: () => change("sources/index"),
};

// Make a change of the library, show what the server says of it, then the library.
// Args: arrivals: selects the places of what it says of files that are added.
export async function change(path, body = null, arrivals = null) {
  try {
    for await (const { changed, arrived } of fetchLines(path, body)) {
      if (changed !== undefined) say(".cv-changed", changed);
      if (arrived !== undefined) say(arrivals, arrived);
    }
  } catch {
    sayProblem("The server does not answer, or refused this; try again in a moment.");
  }
  await reloadSourceList();
  document.dispatchEvent(new CustomEvent("librarychange"));
}

// HTML of the server in each place of this kind: in the list, and in an empty library's page.
export function say(selector, html) {
  for (const place of document.querySelectorAll(selector)) place.innerHTML = html;
}

export function sayProblem(sentence) {
  for (const place of document.querySelectorAll(".cv-changed")) {
    const line = { className: "cv-problem", role: "alert", textContent: sentence };
    place.replaceChildren(element("p", line));
  }
}

const row = button => button.closest(".cv-document");

const sought = () => ({ matching: list().querySelector(".cv-seek").value });

function fragment(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content;
}

async function loadRows(keep) {
  const number = ++loading;
  const place = rows();
  const count = keep ? place.querySelectorAll(".cv-document").length : 0;
  const open = new Set();
  for (const each of place.querySelectorAll("details[open]")) open.add(row(each).dataset.path);
  try {
    const html = await fetchHtml("sources", sought());
    if (number !== loading) return;
    const scrolled = place.scrollTop;
    place.replaceChildren(fragment(html));
    while (place.querySelectorAll(".cv-document").length < count) {
      const more = place.querySelector(".cv-more");
      if (!more) break;
      const next = fragment(await fetchHtml("sources", { ...sought(), after: more.dataset.after }));
      if (number !== loading) return;
      more.parentElement.remove();
      place.querySelector("ul").append(...next.querySelector("ul").children);
      const last = next.querySelector(".cv-more");
      if (last) place.append(last.parentElement);
    }
    place.scrollTop = keep ? scrolled : 0;
  } catch {
    sayProblem(NOT_LISTED);
    return;
  }
  for (const each of place.querySelectorAll(".cv-document")) {
    if (keep && open.has(each.dataset.path)) each.querySelector("details").open = true;
  }
  showTicks();
}

function showLimit(reply) {
  if (reply.failed) {
    list().querySelector(".cv-choice-notice").textContent =
      "The server does not answer; what is ticked has not changed.";
    showTicks();
    return;
  }
  counts = reply;
  const { used, documents, unread, label, notice } = reply;
  const number = value => value.toLocaleString("en");
  list().querySelector(".cv-used").textContent =
    `${number(used)} of ${number(documents)} used` +
    (unread ? ` · ${number(unread)} not indexed` : "");
  list().querySelector(".cv-choice-notice").textContent = notice;
  const chip = document.querySelector("#limit-chip .cv-chip");
  chip.hidden = !label;
  chip.querySelector(".cv-chip-label").textContent = label;
  showTicks();
}

function showTicks() {
  for (const box of list().querySelectorAll("input[data-path]")) {
    const state = ticked(box.dataset.path, counts.used, counts.documents);
    box.checked = state === true;
    box.indeterminate = state === null;
  }
  // It stands for all documents, not for those that are found.
  const all = list().querySelector('input[data-path=""]');
  if (all) all.disabled = list().querySelector(".cv-seek").value.trim() !== "";
}
