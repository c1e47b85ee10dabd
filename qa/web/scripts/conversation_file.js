// Conversation file: conversations saved from one browser and read by another.

import { ID, library } from "./conversations.js";
import { element } from "./elements.js";
import { say } from "./notices.js";
import { conversationsOf, newId, put, turnsOf } from "./store.js";

const MAX_NAME = 200;
const MAX_QUESTION = 10_000;
const MAX_ROW = 500_000;

/** Have the browser save all conversations of the library. */
export async function exportConversations() {
  const exported = [];
  for (const conversation of await conversationsOf(library())) {
    exported.push({ ...conversation, turns: await turnsOf(conversation.id) });
  }
  const content = JSON.stringify({ "chapter-and-verse": 1, conversations: exported });
  const link = element("a", {
    href: URL.createObjectURL(new Blob([content], { type: "application/json" })),
    download: "conversations.json",
  });
  link.click();
  URL.revokeObjectURL(link.href);
}

/** Add the conversations of a file that was exported; to those that are there, what they lack. */
export async function importConversations(file) {
  let read;
  try {
    read = JSON.parse(await file.text()).conversations.map(conversation);
  } catch {
    say("This file holds no exported conversations; choose one that “Export all” saved.");
    return;
  }
  const present = new Map((await conversationsOf()).map(each => [each.id, each]));
  for (const { turns, ...rest } of read) {
    const other = present.get(rest.id)?.library;
    // A conversation with other documents stays theirs.
    const id = other === undefined || other === library() ? rest.id : await idHere(rest.id);
    const stored = new Set((await turnsOf(id)).map(each => each.id));
    const added = turns.filter(each => !stored.has(each.id));
    await put(
      present.get(id) ?? { ...rest, id },
      added.map(each => ({ ...each, conversation: id })),
    );
  }
  say(`${read.length} conversation${read.length === 1 ? "" : "s"} imported.`);
}

/** A conversation of the file with its turns; raises a TypeError if it is none. */
function conversation({ id, name, named, updated, turns }) {
  check(ID.test(id) && isText(name, MAX_NAME));
  return {
    id, library: library(), name, named: Boolean(named),
    updated: Math.min(Number(updated) || 0, Date.now()),
    turns: turns.map(turn),
  };
}

function turn({ id, question, row, liked, answered }) {
  // Turns are ordered by their ids: none may stand behind those that are asked from now on.
  check(ID.test(id) && id < newId() && isText(question, MAX_QUESTION) && isText(row, MAX_ROW));
  // The server is sent all rows of a conversation together: one that is none would spoil them all.
  const content = JSON.parse(row);
  check(content.id === id && content.question === question);
  return {
    id, question, row, liked: typeof liked === "boolean" ? liked : null,
    answered: Boolean(answered),
  };
}

/** Another id for a conversation, the same for each import into this library. */
async function idHere(id) {
  const named = new TextEncoder().encode(`${id} ${library()}`);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", named));
  return `${id.slice(0, 40)}-${[...digest.slice(0, 8)].map(each => each.toString(36)).join("")}`;
}

const isText = (value, most) => typeof value === "string" && value.length <= most;

function check(valid) {
  if (!valid) {
    throw new TypeError("not a conversation");
  }
}
