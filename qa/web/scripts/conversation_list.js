// Conversation list: the dialog in which conversations are opened, searched, renamed, deleted,
// exported and imported.

import { exportConversations, importConversations } from "./conversation_file.js";
import { begin, current, library, MAX_NAME, remove, rename, show } from "./conversations.js";
import { button, element, openDialog } from "./elements.js";
import { say } from "./notices.js";
import { conversationsOf, isKept, turnsOf } from "./store.js";

let dialog;
let search;
let list;

/** Begin; the buttons come later. */
export function start() {
  document.addEventListener("click", event => {
    if (event.target.closest("#cv-new")) {
      begin();
    } else if (event.target.closest("#cv-list")) {
      open();
    }
  });
}

async function open() {
  search = element("input", {
    type: "search", placeholder: "Search conversations", ariaLabel: "Search conversations",
  });
  search.addEventListener("input", fill);
  list = element("ul", { className: "cv-conversations" });
  const kept = await isKept();
  const note = element("p", {
    className: "cv-note",
    textContent: kept
      ? "They are kept in this browser only."
      : "This browser keeps nothing for this page: they are gone once it is closed.",
  });
  const file = element("input", {
    type: "file", accept: ".json,application/json", hidden: true,
  });
  file.addEventListener("change", async () => {
    await importConversations(file.files[0]);
    file.value = "";
    await fill();
  });
  const foot = element(
    "footer", {},
    button("New", () => {
      dialog.close();
      begin();
    }),
    button("Export all", exportConversations),
    button("Import", () => file.click()),
    file,
  );
  await fill();
  dialog = openDialog("Conversations", [search, list, note, foot]);
  search.focus();
}

async function fill() {
  const words = search.value;
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
  // More may have been typed meanwhile.
  if (search.value !== words) {
    return;
  }
  list.replaceChildren(...found.map(([conversation, count]) => row(conversation, count)));
  if (!found.length) {
    const none = words ? "None has these words." : "There is none yet.";
    list.append(element("li", { textContent: none }));
  }
}

function row(conversation, count) {
  const opened = button(conversation.name || "Unnamed", () => {
    dialog.close();
    show(conversation.id);
  }, { className: "cv-conversation", dir: "auto" });
  opened.dataset.id = conversation.id;
  if (conversation.id === current()) {
    opened.setAttribute("aria-current", "true");
  }
  const when = new Date(conversation.updated).toLocaleString(
    undefined, { dateStyle: "medium", timeStyle: "short" });
  const facts = element("span", {
    className: "cv-place", textContent: `${count} question${count === 1 ? "" : "s"} · ${when}`,
  });
  // The name of each button says of which conversation it is, too.
  const act = (label, action) => button(label, action, {
    ariaLabel: `${label} “${conversation.name}”`,
  });
  const item = element(
    "li", {}, opened, facts,
    act("Rename", () => editName(item, conversation)),
    act("Delete", () => removeListed(conversation)),
  );
  return item;
}

function editName(item, conversation) {
  const field = element("input", {
    value: conversation.name, maxLength: MAX_NAME, ariaLabel: "Name of the conversation",
  });
  const end = async keep => {
    const name = field.value.trim();
    if (keep && name) {
      await rename(conversation.id, name);
    }
    await fill();
    const renamed = list.querySelector(`[data-id="${conversation.id}"]`);
    (renamed ?? search).focus();
  };
  field.addEventListener("keydown", event => {
    if (event.key === "Enter" || event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      end(event.key === "Enter");
    }
  });
  item.replaceChildren(field, button("Save", () => end(true)));
  field.focus();
  field.select();
}

async function removeListed(conversation) {
  const restore = await remove(conversation);
  await fill();
  const notice = say(`Deleted “${conversation.name}”.`, {
    label: "Undo",
    act: async () => {
      await restore();
      await fill();
      search.focus();
    },
  });
  notice.querySelector("button").focus();
}
