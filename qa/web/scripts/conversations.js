// Conversations: which one is shown, their list, and what other tabs do with them.

import {leave} from "./chat.js";
import {say} from "./notices.js";
import {conversationsOf, isKept, newId, put, removeConversation, turnsOf} from "./store.js";

const MAX_NAME = 80;

/** Id of the conversation that this tab shows. */
let shown = null;

const library = () => document.querySelector(".cv-header")?.dataset.library ?? "";

const channel = "BroadcastChannel" in window ? new BroadcastChannel("chapter-and-verse") : null;

function hash() {
  return new URLSearchParams(location.hash.slice(1));
}

function setHash(id) {
  const parts = hash();
  parts.set("conversation", id);
  return `#${parts}`;
}

/** The conversation that this tab shows. */
export function current() {
  shown ??= newId();
  return shown;
}

/** The conversation that the address names, or the one that was used last; a new one if there is
 * none. */
export async function open() {
  const known = await conversationsOf(library());
  const named = hash().get("conversation");
  if (known.some(each => each.id === named)) {
    shown = named;
  } else if (shown === null) {
    shown = known[0]?.id ?? newId();
  }
  setTitle(known.find(each => each.id === shown)?.name);
  return shown;
}

function setTitle(name) {
  document.title = name ? `${name} · Chapter and Verse` : "Chapter and Verse";
}

/** Add a turn, or put it in place of the one with its id. */
export async function add(id, turn) {
  const known = (await conversationsOf(library())).find(each => each.id === id);
  const conversation = known ?? {id, library: library(), name: "", named: false};
  if (!conversation.named) {
    const [first] = await turnsOf(id);
    conversation.name = shorten((first && first.id <= turn.id ? first : turn).question);
  }
  await put({...conversation, updated: Date.now()}, [turn]);
  if (id === shown) {
    setTitle(conversation.name);
    history.replaceState(history.state, "", setHash(id));
  }
  channel?.postMessage({changed: id});
}

function shorten(question) {
  const line = question.replace(/\s+/g, " ").trim();
  return line.length > MAX_NAME ? `${line.slice(0, MAX_NAME - 1)}…` : line;
}

/** Call a function when another tab, or going back, changes what is shown. */
export function onChange(act) {
  channel?.addEventListener("message", event => {
    if (event.data.changed === shown || event.data.removed === shown) {
      act();
    }
  });
  addEventListener("popstate", async () => {
    const named = hash().get("conversation");
    if (named && named !== shown) {
      await leave();
      shown = named;
      act();
    }
  });
  show = id => {
    shown = id;
    history.pushState(history.state, "", setHash(id));
    act();
  };
}

let show = () => {};

/** Begin a conversation. */
async function begin() {
  await leave();
  show(newId());
  setTitle("");
  document.querySelector("#question textarea")?.focus();
}

// The list.

let dialog;

async function openList() {
  dialog?.remove();
  dialog = document.createElement("dialog");
  dialog.className = "cv-dialog";
  dialog.setAttribute("aria-labelledby", "cv-list-title");
  const title = element("h2", "Conversations");
  title.id = "cv-list-title";
  const close = button("Close", () => dialog.close());
  const head = element("header");
  head.append(title, close);
  const search = element("input");
  search.type = "search";
  search.placeholder = "Search conversations";
  search.setAttribute("aria-label", "Search conversations");
  const list = element("ul");
  list.className = "cv-conversations";
  const note = element("p", await isKept()
    ? "They are kept in this browser only."
    : "This browser keeps nothing for this page: they are gone once it is closed.");
  note.className = "cv-note";
  const foot = element("footer");
  const file = element("input");
  file.type = "file";
  file.accept = ".json,application/json";
  file.hidden = true;
  file.addEventListener("change", () => importFile(file.files[0], () => fill(list)));
  foot.append(
    button("New", () => {
      dialog.close();
      begin();
    }),
    button("Export all", exportAll),
    button("Import", () => file.click()),
    file,
  );
  search.addEventListener("input", () => fill(list));
  dialog.append(head, search, list, note, foot);
  document.body.append(dialog);
  await fill(list);
  dialog.addEventListener("click", event => {
    // Of the dialog itself only its backdrop can be clicked.
    if (event.target === dialog) {
      dialog.close();
    }
  });
  dialog.showModal();
  search.focus();
}

async function fill(list) {
  const words = dialog.querySelector("input[type=search]").value;
  const sought = words.toLowerCase().split(/\s+/).filter(Boolean);
  const found = [];
  for (const conversation of await conversationsOf(library())) {
    const turns = await turnsOf(conversation.id);
    const content = [conversation.name, ...turns.map(turn => turn.question)]
      .join("\n").toLowerCase();
    if (sought.every(word => content.includes(word))) {
      found.push([conversation, turns.length]);
    }
  }
  list.replaceChildren(...found.map(([conversation, count]) => row(conversation, count, list)));
  if (!found.length) {
    list.append(element("li", words ? "None has these words." : "There is none yet."));
  }
}

function row(conversation, count, list) {
  const item = element("li");
  const opened = button(conversation.name || "Unnamed", async () => {
    dialog.close();
    await leave();
    show(conversation.id);
  });
  opened.className = "cv-conversation";
  opened.dir = "auto";
  if (conversation.id === shown) {
    opened.setAttribute("aria-current", "true");
  }
  const when = new Date(conversation.updated).toLocaleString(
    undefined, {dateStyle: "medium", timeStyle: "short"});
  const facts = element("span", `${count} question${count === 1 ? "" : "s"} · ${when}`);
  facts.className = "cv-place";
  item.append(
    opened,
    facts,
    named(button("Rename", () => rename(item, conversation, list)), conversation),
    named(button("Delete", () => remove(conversation, list)), conversation),
  );
  return item;
}

/** A button whose name says of which conversation it is, too. */
function named(control, conversation) {
  control.setAttribute("aria-label", `${control.textContent} “${conversation.name}”`);
  return control;
}

function rename(item, conversation, list) {
  const field = element("input");
  field.value = conversation.name;
  field.maxLength = MAX_NAME;
  field.setAttribute("aria-label", "Name of the conversation");
  const end = async keep => {
    const name = field.value.trim();
    if (keep && name) {
      await put({...conversation, name, named: true});
      if (conversation.id === shown) {
        setTitle(name);
      }
    }
    await fill(list);
  };
  field.addEventListener("keydown", event => {
    if (event.key === "Enter" || event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      end(event.key === "Enter");
    }
  });
  const save = button("Save", () => end(true));
  item.replaceChildren(field, save);
  field.focus();
  field.select();
}

async function remove(conversation, list) {
  const turns = await turnsOf(conversation.id);
  await removeConversation(conversation.id);
  channel?.postMessage({removed: conversation.id});
  const wasShown = conversation.id === shown;
  if (wasShown) {
    await leave();
    show(newId());
    setTitle("");
  }
  await fill(list);
  // Within the dialog: what is outside of it cannot be reached while it is open.
  const note = element("p", `Deleted “${conversation.name}”. `);
  note.className = "cv-toast";
  note.setAttribute("role", "status");
  note.append(button("Undo", async () => {
    note.remove();
    await put(conversation, turns);
    if (wasShown) {
      show(conversation.id);
    }
    await fill(list);
  }));
  dialog.querySelector(".cv-toast")?.remove();
  list.after(note);
  note.querySelector("button").focus();
}

async function exportAll() {
  const exported = [];
  for (const conversation of await conversationsOf(library())) {
    exported.push({...conversation, turns: await turnsOf(conversation.id)});
  }
  const content = JSON.stringify({"chapter-and-verse": 1, conversations: exported});
  const link = element("a");
  link.href = URL.createObjectURL(new Blob([content], {type: "application/json"}));
  link.download = "conversations.json";
  link.click();
  URL.revokeObjectURL(link.href);
}

const isText = (value, most) => typeof value === "string" && value.length <= most;

/** Add the conversations of a file that was exported; those that are there are merged by turn. */
async function importFile(file, done) {
  let count = 0;
  try {
    const {conversations} = JSON.parse(await file.text());
    for (const {turns, ...conversation} of conversations) {
      const {id, name, named, updated} = conversation;
      const valid = turns.every(turn => isText(turn.id, 64) && isText(turn.question, 10_000)
        && isText(turn.row, 500_000));
      if (!isText(id, 64) || !isText(name, 200) || !valid) {
        throw new TypeError("not a conversation");
      }
      await put(
        {id, library: library(), name, named: Boolean(named), updated: Number(updated) || 0},
        turns.map(turn => ({
          conversation: id, id: turn.id, question: turn.question, row: turn.row,
          liked: typeof turn.liked === "boolean" ? turn.liked : null,
          answered: Boolean(turn.answered),
        })),
      );
      count += 1;
    }
  } catch {
    say("This file holds no exported conversations; choose one that “Export all” saved.");
    return;
  }
  say(`${count} conversation${count === 1 ? "" : "s"} imported. Answers that another server gave are left out where they are shown.`);
  await done();
}

function element(name, content = "") {
  const made = document.createElement(name);
  made.textContent = content;
  return made;
}

function button(label, act) {
  const made = element("button", label);
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}

/** Begin; the buttons come later. */
export function start() {
  document.addEventListener("click", event => {
    if (event.target.closest("#cv-new")) {
      begin();
    } else if (event.target.closest("#cv-list")) {
      openList();
    }
  });
}
