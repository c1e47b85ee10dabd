// Conversations: which one is shown, and what other tabs do with them.

import { addressed, addressWith } from "./addresses.js";
import { closeDocument } from "./reader.js";
import { ownKey } from "./session.js";
import { conversationsOf, newId, put, removeConversation, removeTurns, turnsOf } from "./store.js";

export const MAX_NAME = 80;

/** What the server takes for the id of a conversation or a turn. */
export const ID = /^[a-z0-9-]{1,64}$/;

/** Id of the conversation that this tab shows. */
let shown = null;

/** What the chat does before another conversation is shown, and to show it. */
let chat = { leave: async () => {}, refresh: () => {} };

let libraryId = "";

/** The library that is asked, and by whom; each has conversations of its own. */
export function library() {
  // The header is not there while Gradio draws the page anew.
  libraryId ||= document.querySelector(".cv-header")?.dataset.library ?? "";
  return libraryId && ownKey(libraryId);
}

const channel = "BroadcastChannel" in window ? new BroadcastChannel("chapter-and-verse") : null;

/** Begin. */
export function start(hooks) {
  chat = hooks;
  channel?.addEventListener("message", event => {
    if (event.data.changed === shown) {
      chat.refresh();
    }
  });
  addEventListener("popstate", async () => {
    const wanted = await named();
    if (wanted !== null && wanted !== shown) {
      await chat.leave();
      shown = wanted;
      chat.refresh();
    }
  });
}

/** The conversation that this tab shows. */
export function current() {
  shown ??= newId();
  return shown;
}

/** The conversation that the address names; null if it names none, or one of somebody else who
 * uses this browser, or of another library. */
async function named() {
  const id = addressed("conversation");
  const others = (await conversationsOf()).filter(each => each.library !== library());
  return ID.test(id ?? "") && !others.some(each => each.id === id) ? id : null;
}

/** The conversation that the address names, else the one that was used last; a new one if there is
 * none. */
export async function open() {
  const known = await conversationsOf(library());
  const wanted = await named();
  if (wanted !== null) {
    shown = wanted;
  } else {
    shown ??= known[0]?.id ?? newId();
  }
  setTitle(known.find(each => each.id === shown)?.name);
  return shown;
}

function setTitle(name) {
  document.title = name ? `${name} · Chapter and Verse` : "Chapter and Verse";
}

/** Show another conversation. */
export async function show(id) {
  await chat.leave();
  shown = id;
  const address = addressWith({ conversation: id, document: null });
  history.pushState({ ...history.state, reader: 0 }, "", address);
  closeDocument();
  chat.refresh();
}

/** Begin a conversation. */
export async function begin() {
  await show(newId());
  document.querySelector("#question textarea")?.focus();
}

/** Add a turn, or put it in place of the one with its id. */
export async function add(id, turn) {
  const conversation = await stored(id) ?? { id, library: library(), name: "", named: false };
  if (!conversation.named) {
    const [first] = await turnsOf(id);
    conversation.name = shorten((first && first.id <= turn.id ? first : turn).question);
  }
  await put({ ...conversation, updated: Date.now() }, [turn]);
  if (id === shown) {
    setTitle(conversation.name);
    history.replaceState(history.state, "", addressWith({ conversation: id }));
  }
  tellTabs(id);
}

function shorten(question) {
  const line = question.replace(/\s+/g, " ").trim();
  return line.length > MAX_NAME ? `${line.slice(0, MAX_NAME - 1)}…` : line;
}

/** Take a turn out again; of a conversation that has no other nothing is left. */
export async function takeBack(id, turn) {
  await removeTurns(id, [turn]);
  const conversation = await stored(id);
  if (conversation && !conversation.named && !(await turnsOf(id)).length) {
    await removeConversation(id);
  }
  tellTabs(id);
}

const stored = async id => (await conversationsOf(library())).find(each => each.id === id);

/** Name a conversation; its questions do so no more. */
export async function rename(id, name) {
  await put({ ...await stored(id), name, named: true });
  if (id === shown) {
    setTitle(name);
  }
  tellTabs(id);
}

/** Remove a conversation; returns a function that brings it back. */
export async function remove(conversation) {
  const turns = await turnsOf(conversation.id);
  const wasShown = conversation.id === shown;
  await removeConversation(conversation.id);
  tellTabs(conversation.id);
  if (wasShown) {
    await show(newId());
  }
  return async () => {
    await put(conversation, turns);
    tellTabs(conversation.id);
    if (wasShown) {
      await show(conversation.id);
    }
  };
}

function tellTabs(id) {
  channel?.postMessage({ changed: id });
}
