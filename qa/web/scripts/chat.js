// Chat: asks questions, and keeps the conversation in this browser.
//
// What is asked of the server is written into hidden text boxes of Gradio, whose changes are
// events (see tabs/ask_tab.py). Most functions that `main.js` gives to the page are called by them.

import * as conversations from "./conversations.js";
import { button, element } from "./elements.js";
import { within } from "./limit.js";
import { say, unsay } from "./notices.js";
import { closeDocument } from "./reader.js";
import { SMALL } from "./screen.js";
import { hasEnded } from "./session.js";
import { newId, removeTurns, turnsOf } from "./store.js";

const MAX_TURNS = 30;
// Of a conversation that is sent: the server takes as many characters, and three megabytes of a
// request, in which each quotation mark is escaped twice.
const MAX_CHARACTERS = 900_000;
const MAX_BYTES = 1_900_000;

/** Within which Gradio sends a question, unless it has lost its connection. */
const SEND_MS = 6_000;

const WAIT = "An answer is on its way: wait for it, or press Stop.";

/** The question whose answer is awaited: its `id`, `question`, `standalone`, `conversation`, `from`
 * (the first turn that it takes the place of, or null), `dropped` (the ids of all these), whether it
 * was `typed`, and whether it was `sent`. */
let awaited = null;

/** What the next question takes the place of, or null: {turn, kind, question}, where the kind is
 * "edit" or "correct". */
let mode = null;

/** Ids of turns that the server need not answer any more. */
let abandoned = [];

/** How many questions were asked. */
let asked = 0;

/** Of a conversation that the server was told to show, how many had been asked then; else null. */
let showing = null;

/** Whether the conversation is to be shown anew once nothing is on its way. */
let stale = false;

/** Whether Gradio has drawn the page, and what the box held last. */
let drawn = false;
let draft = "";

const box = () => document.querySelector("#question textarea");

/** Put text into one of Gradio's text boxes, as if it was typed. */
export function write(selector, text) {
  const field = document.querySelector(`${selector} :is(textarea, input)`);
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

function setAwaited(next) {
  awaited = next;
  document.querySelector("#asking")?.toggleAttribute("data-awaiting", next !== null);
  if (next === null) {
    unsay(WAIT);
    if (stale) {
      refresh();
    }
  }
}

/** Whether no answer is awaited; says so if one is. */
function isFree() {
  if (awaited) {
    say(WAIT);
  }
  return awaited === null;
}

/** Ask what was typed. Not by an event of Gradio: it carries none out while the server is away. */
function ask() {
  const question = box().value.trim();
  if (!question) {
    say("Type a question first.");
    return;
  }
  if (!isFree()) {
    return;
  }
  const taken = mode;
  setMode(null);
  write("#question", "");
  if (taken?.kind === "correct") {
    send({ question: taken.question, standalone: question, from: taken.turn });
  } else {
    send({ question, from: taken?.turn });
  }
}

/** Ask a turn's question again; it and those after it are replaced once there is an answer. */
export function askAgain({ id, question }) {
  if (isFree()) {
    send({ question, from: id, typed: false });
  }
}

function send({ question, standalone = null, from = null, typed = true }) {
  const id = newId();
  asked += 1;
  setAwaited({ id, question, standalone, from, typed, conversation: conversations.current() });
  if (from === null) {
    // Whatever becomes of the page, the question is not lost.
    storeUnanswered(awaited);
  }
  write("#cv-request", JSON.stringify(awaited));
  setTimeout(() => {
    if (awaited?.id === id && !awaited.sent) {
      takeBack("The server does not answer. Ask again once it is there.");
    }
  }, SEND_MS);
  // The box has the focus on a large screen; on a small one the keyboard would hide the answer.
  if (SMALL.matches) {
    box().blur();
  }
}

/** Gradio's messages with the question that is being asked, before the server has replied; the
 * only item of a list, as Gradio takes an event's outputs. */
export function showQuestion(request, messages) {
  if (!request) {
    return [messages];
  }
  const { question, from } = JSON.parse(request);
  const kept = messages ?? [];
  const replaced = from === null ? -1 : kept.findIndex(
    message => text(message).includes(`id="cv-actions-${from}"`));
  const before = replaced < 0 ? kept : kept.slice(0, replaced - 1);
  requestAnimationFrame(scrollToLast);
  return [[
    ...before,
    message("user", escaped(question)),
    message("assistant", `<p class="cv-note cv-waiting">Sending …</p>`),
  ]];
}

const text = message => message.content.map(part => part.text ?? "").join("");

const message = (role, text) => ({
  role, content: [{ type: "text", text }], metadata: null, options: null,
});

function escaped(question) {
  return question.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** Show the question that was asked last at the top, as far as that is possible. */
function scrollToLast() {
  setTimeout(() => {
    const rows = document.querySelectorAll("#chat .user-row");
    rows[rows.length - 1]?.scrollIntoView({ block: "start" });
  }, 50);
}

/** The request with the conversation before it; turns of other tabs are part of it. */
export async function complete(request) {
  if (!request) {
    return "";
  }
  const { id, question, standalone, from, conversation } = JSON.parse(request);
  if (awaited?.id !== id) {
    return "";
  }
  awaited.sent = true;
  const turns = (await turnsOf(conversation)).filter(turn => turn.id < id);
  const before = from === null ? turns : turns.filter(turn => turn.id < from);
  if (awaited?.id === id && from !== null) {
    awaited.dropped = turns.filter(turn => turn.id >= from).map(turn => turn.id);
  }
  return JSON.stringify({ id, question, standalone, within: await within(), turns: rows(before) });
}

/** JSON of the last turns, for the server. */
function rows(turns) {
  const chosen = [];
  let [length, bytes] = [2, 2];
  for (const turn of turns.slice(-MAX_TURNS).reverse()) {
    length += turn.row.length + 1;
    bytes += new Blob([JSON.stringify(turn.row)]).size;
    if (length > MAX_CHARACTERS || bytes > MAX_BYTES) {
      break;
    }
    chosen.unshift(turn.row);
  }
  return `[${chosen.join(",")}]`;
}

let storing = Promise.resolve();

/** Store in order; what the browser refuses to store is said, and shown all the same. */
function inOrder(store) {
  storing = storing.then(store).catch(() => {
    say("This browser could not keep the conversation; its storage may be full.");
  });
  return storing;
}

function storeUnanswered({ id, question, conversation }) {
  const row = JSON.stringify({ id, question, answer: null, signature: "" });
  const turn = { conversation, id, question, row, liked: null, answered: false };
  return inOrder(() => conversations.add(conversation, turn));
}

/** Store the outcome of a question. */
export async function settle(outcome) {
  if (!outcome) {
    return;
  }
  const { id, turn, problem } = JSON.parse(outcome);
  if (awaited?.id !== id) {
    return;
  }
  if (problem) {
    await takeBack(problem);
    return;
  }
  const { question, conversation, from, dropped = [] } = awaited;
  const answered = JSON.parse(turn).answer !== null;
  // A question that replaced others and failed takes none of them with it.
  if (answered || from === null) {
    await inOrder(async () => {
      await removeTurns(conversation, dropped);
      const stored = { conversation, id, question, row: turn, liked: null, answered };
      await conversations.add(conversation, stored);
    });
  }
  if (awaited?.id === id) {
    setAwaited(null);
  }
}

/** Give the question up: it stays in the conversation without an answer, or, where it was to take
 * the place of another, in the box. */
async function stop() {
  if (awaited) {
    const question = abandon();
    if (question.from !== null && question.typed) {
      await keep(question);
    }
    refresh();
  }
}

function abandon() {
  const question = awaited;
  abandoned.push(question.id);
  setAwaited(null);
  return question;
}

/** Gradio did not accept the question. */
export async function refuse(sentence) {
  if (awaited) {
    await takeBack(sentence);
    refresh();
  }
}

/** Put the question back into the box, and say why. */
async function takeBack(sentence) {
  const question = awaited;
  setAwaited(null);
  say(hasEnded() ? "You are signed out; the question was not answered." : sentence);
  if (question.typed) {
    await keep(question);
  }
}

/** Keep a question that got no answer: in the box, or, where the next one is there, in the chat. */
async function keep(question) {
  const { id, from, standalone, conversation } = question;
  if (box().value.trim()) {
    if (from !== null) {
      await storeUnanswered(question);
    }
    return;
  }
  write("#question", standalone ?? question.question);
  if (from === null) {
    await inOrder(() => conversations.takeBack(conversation, id));
  } else {
    const kind = standalone === null ? "edit" : "correct";
    setMode({ turn: from, kind, question: question.question });
  }
}

/** Show the conversation anew: another one, or as it is stored now. */
export function refresh() {
  stale = awaited !== null || showing !== null;
  if (!stale) {
    showing = asked;
    write("#cv-conversation", newId());
  }
}

/** Show the conversation where Gradio has just drawn the page. It does so again after it had lost
 * its connection; what it was to answer is lost then, as is what was typed. */
export function showFirst() {
  if (drawn) {
    if (awaited) {
      abandon();
    }
    if (draft && !box().value) {
      write("#question", draft);
    }
  }
  drawn = true;
  showing = null;
  refresh();
}

/** The conversation that is to be shown, for the server. */
export async function showConversation() {
  await storing;
  const conversation = await conversations.open();
  const turns = rows(await turnsOf(conversation));
  return JSON.stringify({ abandoned: abandoned.splice(0).slice(-100), turns });
}

/** Gradio's messages once a conversation is shown: with the question that was asked meanwhile. */
export function shown(messages) {
  const overtaken = showing !== asked;
  showing = null;
  if (overtaken && awaited) {
    stale = true;
    return showQuestion(JSON.stringify(awaited), messages);
  }
  if (overtaken || stale) {
    refresh();
  }
  return [messages];
}

/** JSON of the conversation that is shown, once all of it is stored. */
export async function turns() {
  await storing;
  return rows(await turnsOf(await conversations.open()));
}

/** Leave the conversation for another; an answer that is awaited is given up. */
async function leave() {
  if (awaited) {
    const question = abandon();
    if (question.from !== null && question.typed) {
      await storeUnanswered(question);
    }
  }
  setMode(null);
}

/** What the next question takes the place of is shown above the box. */
function setMode(next) {
  mode = next;
  const row = document.querySelector("#ask-row");
  row?.parentElement.querySelector(".cv-mode")?.remove();
  if (!next) {
    return;
  }
  const what = next.kind === "edit"
    ? "Editing a question; it is asked again in its place, without what came after it. "
    : "Correcting what the question was understood as. ";
  const cancel = button("Cancel", () => {
    giveUpEdit();
    box().focus();
  });
  row.before(element("p", { className: "cv-mode" }, what, cancel));
}

function giveUpEdit() {
  setMode(null);
  write("#question", "");
}

/** Put a turn's question into the box, to be asked in its place.
 * @param {string} [understood] - What it was understood as, if that is to be corrected. */
export function edit({ id, question }, understood) {
  setMode({ turn: id, kind: understood === undefined ? "edit" : "correct", question });
  write("#question", understood ?? question);
  box().focus();
}

function onKeydown(event) {
  if (event.target !== box()) {
    return;
  }
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    ask();
  } else if (event.key === "ArrowUp" && !event.target.value) {
    const last = [...document.querySelectorAll("#chat .cv-edit")].pop();
    if (last) {
      event.preventDefault();
      last.click();
    }
  } else if (event.key === "Escape" && mode) {
    giveUpEdit();
  } else if (event.key === "Escape" && !closeDocument()) {
    // The other shortcuts are keys that can be typed.
    box().blur();
  }
}

/** Begin; the chat itself comes later. */
export function start() {
  document.addEventListener("keydown", onKeydown, true);
  document.addEventListener("input", event => {
    if (event.target === box()) {
      draft = event.target.value;
    }
  });
  document.addEventListener("click", event => {
    const example = event.target.closest("#examples button");
    if (event.target.closest("#ask")) {
      ask();
    } else if (event.target.closest("#stop")) {
      stop();
    } else if (example && isFree()) {
      send({ question: example.textContent.trim() });
    }
  });
  conversations.start({ leave, refresh });
  // A quoted document may have changed or be gone.
  document.addEventListener("sourceschange", refresh);
  // Gradio shows an error in place of what could not be shown meanwhile.
  document.addEventListener("signedin", () => {
    showing = null;
    refresh();
  });
  // What is offered as a question is to be answered within the limit.
  document.addEventListener("limitchange", async () => write("#cv-limit", await within()));
}
