// Reader: a document beside the chat, in place of the sources; over the whole page on a phone.
//
// A plain click on a link to a document opens it here; with Ctrl, Shift or the middle button the
// browser opens the document's own page in a tab, as it does for any link. The address says which
// document is open, so that Back closes it and a copied address opens it again.

import { addressed, addressWith } from "./addresses.js";
import { closeList, openList } from "./drawer.js";
import { button, element } from "./elements.js";
import { clearHighlights, newReading, OpenedDocument } from "./reader_document.js";
import { SMALL } from "./screen.js";

const ROUTE = "document?";
const WITHIN = "#reading, #choosing, #reader, #each-answers, .cv-near";
// What the way back is called, by where the document was opened.
const FROM = [["#choosing", "Documents"], ["#each", "Ask each"]];
const WHOLE = ".gradio-container .contain";  // In which the style sheet of the page is valid.
const SERVER_MS = 30_000;
const RETRIES = 2;
const NO_ANSWER = "The server does not answer. See whether Chapter and Verse is still running, "
  + "then try again.";

let shell = null;  // The section and its parts, once it has been needed.
let opened = null;  // The document that is open: its query, tools and what it was opened from.
let request = null;  // The request that is awaited.
let leaving = null;  // Resolves once the browser has gone back from a document that was closed.

export function startReader() {
  document.addEventListener("click", event => {
    const link = event.target.closest?.("a[href]");
    const plain = event.button === 0
      && !(event.ctrlKey || event.metaKey || event.shiftKey || event.altKey);
    if (link && plain && !event.defaultPrevented && !link.matches(".cv-own-tab")
      && link.getAttribute("href").startsWith(ROUTE) && link.closest(WITHIN)) {
      event.preventDefault();
      openDocument(link.getAttribute("href"), link);
    }
  });
  addEventListener("popstate", followAddress);
  SMALL.addEventListener("change", () => opened && place());
  whenThere("#reading", followAddress);
}

// Open a document by the address of its page.
export async function openDocument(href, opener = document.activeElement) {
  await leaving;
  const query = queryOf(href);
  if (query === null || !document.querySelector("#reading")) {
    return;
  }
  if (query !== opened?.query) {
    // How many entries of the history Back is away from the page without a document.
    const reader = (history.state?.reader ?? 0) + 1;
    history.pushState({ ...history.state, reader }, "", addressWith({ document: query }));
  }
  show(query, opener);
}

// Close the document; returns whether one was open. The focus goes back to what opened it if it is
// inside.
export function closeDocument() {
  if (addressed("document") !== null) {
    history.replaceState({ ...history.state, reader: 0 }, "", addressWith({ document: null }));
  }
  const closed = opened !== null;
  hide();
  return closed;
}

function closeByUser() {
  const depth = history.state?.reader ?? 0;
  if (!depth) {
    closeDocument();
    return;
  }
  hide();
  leaving = new Promise(resolve => addEventListener("popstate", resolve, { once: true }));
  history.go(-depth);
}

function followAddress() {
  const query = addressed("document");
  if (query === null) {
    hide();
  } else if (query !== opened?.query) {
    show(query, null);
  }
}

// The query of a document's page; null for any other address.
function queryOf(href) {
  return href.startsWith(ROUTE) ? href.slice(ROUTE.length).split("#")[0] : null;
}

function pathOf(query) {
  return new URLSearchParams(query).get("path");
}

function show(query, opener) {
  const first = !opened;
  if (first) {
    const tab = document.querySelector("#tabs [role='tab'][aria-selected='true']");
    opened = { opener, tab: null, sources: null, fromDrawer: false };
    if (!SMALL.matches && !document.querySelector("#reading").checkVisibility()) {
      opened.tab = tab;
      document.querySelector("#tabs [role='tab']").click();
    }
    followSources();
  }
  // Where it has no column, the list covers the document.
  opened.fromDrawer ||= closeList();
  shell ??= build();
  const from = FROM.find(([selector]) => opened.opener?.closest(selector));
  shell.back.textContent = `← ${from?.[1] ?? "Sources"}`;
  // Another part of the document that is open goes on with what was looked for in it.
  const same = opened.tools && pathOf(query) === pathOf(opened.query);
  opened.reading = same ? opened.reading : newReading();
  if (opened.reading.view === "about") {
    opened.reading.view = "text";
  }
  opened.query = query;
  place();
  shell.section.hidden = false;
  if (first) {
    shell.back.focus();
  }
  load(query);
}

function hide() {
  if (!opened) {
    return;
  }
  const { opener, tab, sources, tools, fromDrawer } = opened;
  const focused = shell.section.contains(document.activeElement);
  request?.abort();
  tools?.close();
  sources?.disconnect();
  clearHighlights();
  opened = null;
  shell.section.hidden = true;
  shell.body.replaceChildren();
  makeInert(false);
  if (!focused) {
    return;
  }
  if (tab?.isConnected) {
    tab.click();
  }
  if (fromDrawer) {
    openList();
  }
  // Once a tab that was left is shown again.
  requestAnimationFrame(() => {
    const target = opener?.isConnected ? opener : document.querySelector("#sources .cv-panel");
    target?.focus();
  });
}

// A new answer has new sources, which are to be seen. Those that are restored when the page is
// loaded are not new: nobody has used the chat since the document was opened.
function followSources() {
  const chat = document.querySelector("#asking"), sources = document.querySelector("#sources");
  if (!chat || !sources) {
    return;
  }
  const stop = new AbortController();
  let used = false;
  for (const type of ["keydown", "pointerdown"]) {
    chat.addEventListener(type, () => { used = true; }, { signal: stop.signal });
  }
  const observer = new MutationObserver(() => used && closeDocument());
  observer.observe(sources, { childList: true, subtree: true });
  opened.sources = { disconnect() { observer.disconnect(); stop.abort(); } };
}

async function load(query, reading = opened.reading) {
  request?.abort();
  opened.tools?.close();
  const { signal } = request = new AbortController();
  const { body, section } = shell;
  shell.own.href = `${ROUTE}${query}#quote-1`;
  section.setAttribute("aria-busy", "true");
  body.classList.add("cv-loading");
  if (!body.childElementCount) {
    body.replaceChildren(element("p", { className: "cv-note", textContent: "Opening …" }));
  }
  say("Opening the document");
  let html = null, problem = null;
  try {
    html = await fragment(query, signal);
  } catch (error) {
    if (signal.aborted) {
      return;
    }
    problem = error instanceof Refused ? error.message : NO_ANSWER;
  }
  section.removeAttribute("aria-busy");
  body.classList.remove("cv-loading");
  const moved = section.contains(document.activeElement);
  const action = document.activeElement?.dataset?.action;
  const inField = document.activeElement?.matches?.(".cv-find input");
  clearHighlights();
  if (problem !== null) {
    showProblem(problem, query, reading);
    return;
  }
  // Rendered by the server from templates, which escape all that comes from a document.
  body.innerHTML = html;
  const root = body.querySelector("[data-link]");
  if (!root) {
    opened.tools = null;
    say(body.textContent);
    return;
  }
  const title = root.querySelector("h2");
  section.setAttribute("aria-label", title.textContent);
  opened.tools = new OpenedDocument(root, reading, {
    load: offset => load(`${queryOf(root.dataset.link)}&offset=${offset}`, reading),
    say,
    onQuote: number => {
      shell.own.hash = `quote-${number}`;
    },
  });
  say(`${title.textContent} is open`);
  if (moved) {
    const same = action && root.querySelector(`[data-action="${action}"]`);
    (inField ? root.querySelector(".cv-find input") : same || title)
      .focus({ preventScroll: true });
  }
}

class Refused extends Error {}

// The document's HTML; a server that is busy is asked again.
async function fragment(query, signal) {
  const limited = AbortSignal.any([signal, AbortSignal.timeout(SERVER_MS)]);
  for (let attempt = 0; ; attempt += 1) {
    const reply = await fetch(`panel?${query}`, { signal: limited });
    if (reply.status === 401) {
      throw new Refused("You are signed out; sign in again to open it.");
    }
    if (reply.status !== 503 || attempt === RETRIES) {
      if (!reply.headers.get("content-type")?.startsWith("text/html")) {
        throw new Refused("There is no such document.");
      }
      return reply.text();
    }
    const seconds = Number(reply.headers.get("retry-after")) || 2;
    await new Promise(resolve => setTimeout(resolve, seconds * 1_000));
  }
}

function showProblem(problem, query, reading) {
  const again = button("Try again", () => load(query, reading));
  const text = element("p", { className: "cv-problem", textContent: problem, role: "alert" });
  shell.body.replaceChildren(text, again);
  opened.tools = null;
}

function build() {
  const back = button("", closeByUser, { className: "cv-back" });
  const own = element("a", {
    className: "cv-own-tab", target: "_blank", rel: "noopener", textContent: "Open in a tab",
  });
  const status = element("p", { className: "cv-unseen", role: "status" });
  const body = element("div", { className: "cv-reader-body" });
  const section = element(
    "section", { id: "reader", className: "cv-reader", hidden: true },
    element("div", { className: "cv-reader-bar" }, back, own), status, body,
  );
  section.addEventListener("keydown", event => {
    const { key, target } = event;
    const typing = target.matches("input");
    if (key === "Escape" && !(typing && target.value)) {
      closeByUser();
    } else if (typing || event.ctrlKey || event.metaKey || event.altKey
      || !opened?.tools?.pressed(key)) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  });
  return { section, back, own, status, body };
}

// Beside the chat, or over all of it where the screen is narrow. What it covers is out of reach.
function place() {
  const { section } = shell;
  const host = document.querySelector(SMALL.matches ? WHOLE : "#reading");
  if (section.parentElement !== host) {
    makeInert(false);
    // What is moved in the document loses the focus and its place.
    const focused = document.activeElement;
    const top = section.querySelector(".cv-reader-scroll")?.scrollTop;
    host.append(section);
    if (section.contains(focused)) {
      focused.focus({ preventScroll: true });
    }
    if (top) {
      section.querySelector(".cv-reader-scroll").scrollTop = top;
    }
  }
  if (SMALL.matches) {
    section.setAttribute("role", "dialog");
    section.setAttribute("aria-modal", "true");
  } else {
    section.removeAttribute("role");
    section.removeAttribute("aria-modal");
  }
  makeInert(true);
}

function makeInert(inert) {
  for (const each of shell.section.parentElement?.children ?? []) {
    if (each !== shell.section) {
      each.inert = inert;
    }
  }
}

function say(sentence) {
  shell.status.textContent = sentence;
}

function whenThere(selector, act) {
  if (document.querySelector(selector)) {
    act();
    return;
  }
  const observer = new MutationObserver(() => {
    if (document.querySelector(selector)) {
      observer.disconnect();
      act();
    }
  });
  observer.observe(document.documentElement, { childList: true, subtree: true });
}
