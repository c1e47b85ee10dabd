// Files that are added to the library: chosen, or dropped anywhere on the page.

import { element } from "./elements.js";
import { checkReceipt, isReceipt } from "./receipts.js";
import { change, reloadSourceList, say } from "./source_list.js";
import { send } from "./server.js";
import { mayNot } from "./session.js";

const list = () => document.querySelector("#source-list .cv-choosing");
const input = () => mayNot("add") ? null : list()?.querySelector(".cv-files");

const REFUSED_MS = 4_000;

// Files that are added while others are on their way wait for them.
let last = Promise.resolve();
let batches = 0;
let unfinished = 0;
let depth = 0;

export const addingActions = {
  add: () => input().click(),
  // What is said of files whose fate is not known yet stays.
  clear: button => {
    say(".cv-changed", "");
    for (const part of document.querySelectorAll(".cv-arrived > *")) {
      if (!part.querySelector(".cv-waiting, .cv-reading")) part.remove();
    }
    button.closest(".cv-care").querySelector("[data-do='add']").focus();
  },
};

export function startAdding() {
  document.addEventListener("change", event => {
    if (!event.target.matches(".cv-files")) return;
    const files = [...event.target.files];
    event.target.value = "";
    add(files);
  });
  document.addEventListener("dragenter", event => {
    if (!holdsFiles(event)) return;
    event.preventDefault();
    depth += 1;
    zone().hidden = false;
  });
  document.addEventListener("dragleave", event => {
    if (!holdsFiles(event)) return;
    depth -= 1;
    if (depth <= 0) hideZone();
  });
  // Without this the browser would open the file in place of the page. A link or an image that is
  // dropped beside a field would be opened, too.
  document.addEventListener("dragover", event => {
    if (!holdsFiles(event) && isField(event.target)) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = holdsFiles(event) && input() ? "copy" : "none";
    if (holdsFiles(event)) zone().hidden = false;
  });
  // Before Gradio's own fields, which take files for their own.
  document.addEventListener("drop", event => {
    if (!holdsFiles(event)) {
      if (!isField(event.target)) event.preventDefault();
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    hideZone();
    drop(event.dataTransfer);
  }, true);
}

// What is dropped to be checked is added to nothing.
const holdsFiles = event => [...(event.dataTransfer?.types ?? [])].includes("Files")
  && !event.target.closest?.("#check");

const isField = target => target.closest?.("textarea, input, [contenteditable]") !== null;

async function drop(transfer) {
  // Once the event is over, nothing can be read from the transfer.
  const items = [...transfer.items].filter(item => item.kind === "file");
  const folders = items.map(item => item.webkitGetAsEntry?.()).filter(entry => entry?.isDirectory);
  const names = new Set(folders.map(entry => entry.name));
  const files = [...transfer.files].filter(file => !names.has(file.name));
  if (files.length === 1 && await isReceipt(files[0])) {
    checkReceipt(files[0]);
  } else if (input()) {
    add(files, [...names]);
  } else {
    // It says so itself; long enough to be read.
    zone().hidden = false;
    setTimeout(hideZone, REFUSED_MS);
  }
}

// Have files added to the library, after those before them; each is listed with what becomes of it.
function add(files, folders = []) {
  if (!unfinished) {
    say(".cv-changed", "");
    say(".cv-arrived", "");
  }
  unfinished += 1;
  const batch = ++batches;
  const { mostFiles, mostBytes } = list().dataset;
  const refused = folders.map(name => [name, "it is a folder; add the files in it"]);
  const taken = [];
  for (const file of files) {
    if (file.size > Number(mostBytes)) {
      refused.push([file.name, `it is larger than ${Math.round(mostBytes / 1e6)} MB`]);
    } else if (taken.length >= Number(mostFiles)) {
      refused.push([file.name, `it exceeds the limit of ${mostFiles} files at a time`]);
    } else taken.push(file);
  }
  showBatch(batch, taken, refused);
  last = last.then(() => sendFiles(batch, taken)).catch(console.error).finally(() => {
    unfinished -= 1;
  });
}

async function sendFiles(batch, files) {
  if (!files.length) return;
  const form = new FormData();
  for (const file of files) form.append("files", file, file.name);
  const { status, reply } = await send("gradio_api/upload", form, share => {
    for (const note of document.querySelectorAll(`${placeOf(batch)} .cv-waiting .cv-note`)) {
      note.textContent = `on its way, ${Math.round(share * 100)}%`;
    }
  });
  if (status === 200 && reply) {
    await change("sources/add", reply, placeOf(batch));
    return;
  }
  const reason = reasons[status] ?? "it did not reach the server; try again";
  for (const place of document.querySelectorAll(placeOf(batch))) {
    place.replaceChildren(uploadRows(files.map(file => refusedRow([file.name, reason]))));
  }
  await reloadSourceList();
}

const reasons = {
  401: "you are signed out",
  403: "your key does not allow it",
  408: "it arrived too slowly; try again",
  413: "together these files are too large; add fewer at a time",
  503: "the server is receiving other files; try again in a moment",
  507: "the server has no room for it",
};

const refusedRow = ([name, reason]) => uploadRow(name, "refused", `not taken: ${reason}`);

const uploadRow = (name, state, words) => element(
  "li", { className: `cv-upload cv-${state}` },
  element("bdi", { textContent: name }), " ",
  element("span", { className: "cv-note", textContent: words }),
);

const uploadRows = rows => element("ul", { className: "cv-uploads" }, ...rows);

// The files of a batch that the server decides about; their place holds what it says of them.
const placeOf = batch => `.cv-arrived [data-batch="${batch}"]`;

function showBatch(batch, taken, refused) {
  for (const place of document.querySelectorAll(".cv-arrived")) {
    if (taken.length) {
      const waiting = taken.map(file => uploadRow(file.name, "waiting", "on its way"));
      const decided = element("div", {}, uploadRows(waiting));
      decided.dataset.batch = batch;
      place.append(decided);
    }
    if (refused.length) place.append(uploadRows(refused.map(refusedRow)));
  }
}

// The layer that is shown while files are dragged over the page.
function zone() {
  let layer = document.querySelector("#cv-drop");
  if (layer) return layer;
  const refusal = mayNot("add") ? "your key does not allow it." : "this page is for reading only.";
  const words = input()
    ? "Drop to add to the library"
    : `Documents cannot be added here: ${refusal}`;
  layer = element(
    "div", { id: "cv-drop", hidden: true }, element("p", { role: "status", textContent: words }));
  document.querySelector(".gradio-container").append(layer);
  return layer;
}

function hideZone() {
  depth = 0;
  zone().hidden = true;
}
