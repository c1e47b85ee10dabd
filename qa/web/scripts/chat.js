// Chat: asks questions, and keeps the conversation in this browser.
//
// What is asked of the server is written into hidden text boxes of Gradio, whose changes are
// events (see tabs/ask_tab.py). Each function that `main.js` exports is called by such an event.

import * as conversations from "./conversations.js";
import { button, element } from "./elements.js";
import { within } from "./limit.js";
import { say } from "./notices.js";
import { closeDocument } from "./reader.js";
import { newId, removeTurns, turnsOf } from "./store.js";

const MAX_TURNS = 30;
// Of a conversation that is sent: the server takes as many characters, and three megabytes of a
// request, in which each quotation mark is escaped twice.
const MAX_CHARACTERS = 900_000;
const MAX_BYTES = 1_900_000;

/** The question whose answer is awaited: its `id`, `question`, `conversation`, and the turns that
 * it takes the place of, `dropped`. */
let awaited = null;

/** What the next question takes the place of: {turn, kind: "edit" | "correct"}; or null. */
let mode = null;

/** Ids of turns that the server need not answer any more. */
let abandoned = [];

const box = () => document.querySelector("#question textarea");

/** Put text into one of Gradio's text boxes, as if it was typed. */
function write(selector, text) {
  const field = document.querySelector(`${selector} :is(textarea, input)`);
  field.value = text;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

function setAwaited(next) {
  awaited = next;
  document.querySelector("#asking")?.toggleAttribute("data-awaiting", next !== null);
  if (next === null && pendingRefresh) {
    refresh();
  }
}

/** Ask what was typed; returns what stays in the box. */
export function ask(text) {
  const question = text.trim();
  if (!question) {
    say("Type a question first.");
    return "";
  }
  if (awaited) {
    say("An answer is on its way: wait for it, or press Stop.");
    return text;
  }
  const taken = mode;
  setMode(null);
  if (taken?.kind === "correct") {
    askAnew(taken.turn, taken.question, question);
  } else if (taken) {
    askAnew(taken.turn, question);
  } else {
    send({ question, standalone: null, from: null });
  }
  return "";
}

/** Ask a turn's question again; it and those after it are replaced once there is an answer. */
function askAnew(turn, question, standalone = null) {
  send({ question, standalone, from: turn });
}

function send(asked) {
  const conversation = conversations.current();
  const id = newId();
  setAwaited({ ...asked, id, conversation });
  if (asked.from === null) {
    // Whatever becomes of the page, the question is not lost.
    storeUnanswered(awaited);
  }
  write("#cv-request", JSON.stringify(awaited));
  // The box has the focus on a large screen; on a small one the keyboard would hide the answer.
  if (matchMedia("(max-width: 860px)").matches) {
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
  const turns = (await turnsOf(conversation)).filter(turn => turn.id < id);
  const before = from === null ? turns : turns.filter(turn => turn.id < from);
  if (awaited?.id === id) {
    awaited.dropped = from === null ? [] : turns.filter(
      turn => turn.id >= from).map(turn => turn.id);
  }
  const completed = { id, question, standalone, within: within(), turns: rows(before) };
  return JSON.stringify(completed);
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

function storeUnanswered({ id, question, conversation }) {
  const row = JSON.stringify({ id, question, answer: null, signature: "" });
  const turn = { conversation, id, question, row, liked: null, answered: false };
  return conversations.add(conversation, turn);
}

let settling = Promise.resolve();

/** Store the outcome of a question. */
export function settle(outcome) {
  settling = store(outcome);
  return settling;
}

async function store(outcome) {
  if (!outcome) {
    return;
  }
  const { id, turn, problem } = JSON.parse(outcome);
  if (awaited?.id !== id) {
    return;
  }
  const { question, conversation, from, dropped = [] } = awaited;
  if (problem) {
    await takeBack(problem);
    return;
  }
  const answered = JSON.parse(turn).answer !== null;
  // A question that replaced others and failed takes none of them with it.
  if (answered || from === null) {
    await removeTurns(conversation, dropped);
    await conversations.add(
      conversation, { conversation, id, question, row: turn, liked: null, answered });
  }
  if (awaited?.id === id) {
    setAwaited(null);
  }
}

/** Give the question up: it stays in the conversation, without an answer. */
export async function stop() {
  if (!awaited) {
    return;
  }
  abandoned.push(awaited.id);
  setAwaited(null);
  refresh();
}

/** Gradio did not accept the question. */
export async function refuse(sentence) {
  if (awaited) {
    await takeBack(sentence);
    refresh();
  }
}

/** Put the question back into the box; where the next one is there, it stays in the chat. */
async function takeBack(sentence) {
  const { id, question, conversation } = awaited;
  if (!box().value.trim()) {
    write("#question", question);
    await removeTurns(conversation, [id]);
  }
  setAwaited(null);
  say(sentence);
}

let pendingRefresh = false;

/** Show the conversation anew: another one, or as it is stored now. */
export function refresh() {
  pendingRefresh = awaited !== null;
  if (!pendingRefresh) {
    write("#cv-conversation", newId());
  }
}

/** The conversation that is to be shown, for the server. */
export async function showConversation() {
  const conversation = await conversations.open();
  const turns = rows(await turnsOf(conversation));
  return JSON.stringify({ abandoned: abandoned.splice(0).slice(-100), turns });
}

/** JSON of the conversation that is shown, once all of it is stored. */
export async function turns() {
  await settling;
  return rows(await turnsOf(await conversations.open()));
}

/** Leave the conversation for another; an answer that is awaited is given up. */
async function leave() {
  if (awaited) {
    await stop();
  }
  setMode(null);
}

/** A rating with the turn that it rates, for the server. */
export async function completeRating(rating) {
  if (!rating) {
    return "";
  }
  const { id, liked } = JSON.parse(rating);
  const turns = await turnsOf(conversations.current());
  const turn = turns.find(each => each.id === id);
  if (turn) {
    await conversations.add(turn.conversation, { ...turn, liked });
  }
  return JSON.stringify({ liked, turns: turn ? `[${turn.row}]` : "[]" });
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
    ? "Editing a question; those after it are asked no more. "
    : "Correcting what the question was understood as. ";
  const cancel = button("Cancel", () => {
    setMode(null);
    write("#question", "");
    box().focus();
  });
  row.before(element("p", { className: "cv-mode" }, what, cancel));
}

async function edit(id, kind, understood) {
  const turns = await turnsOf(conversations.current());
  const turn = turns.find(each => each.id === id);
  if (!turn) {
    return;
  }
  setMode({ turn: id, kind, question: turn.question });
  write("#question", understood ?? turn.question);
  box().focus();
}

async function again(id) {
  if (awaited) {
    say("An answer is on its way: wait for it, or press Stop.");
    return;
  }
  const turns = await turnsOf(conversations.current());
  const turn = turns.find(each => each.id === id);
  if (turn) {
    askAnew(id, turn.question);
  }
}

async function copy(id, button) {
  const source = document.getElementById(`cv-markdown-${id}`);
  const content = source?.textContent ?? "";
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(content);
  } else {
    // Over plain HTTP from another machine, navigator.clipboard is not there.
    const area = document.body.appendChild(document.createElement("textarea"));
    area.value = content;
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  button.focus();
  say("Copied.");
}

function rate(id, liked, button) {
  const withdrawn = button.getAttribute("aria-pressed") === "true";
  const value = withdrawn ? null : liked;
  showRating(button.closest(".cv-actions"), value);
  write("#cv-rating", JSON.stringify({ id, liked: value, at: Date.now() }));
}

function showRating(actions, liked) {
  actions.querySelector(".cv-like")?.setAttribute("aria-pressed", String(liked === true));
  actions.querySelector(".cv-dislike")?.setAttribute("aria-pressed", String(liked === false));
}

/** What Gradio's chat does not say of its messages: who speaks, and which answers are rated. */
async function describe() {
  for (const [role, name] of [["user", "Question"], ["bot", "Answer"]]) {
    for (const bubble of document.querySelectorAll(`#chat [data-testid="${role}"]`)) {
      // Gradio's name is the HTML source of the message.
      if (bubble.getAttribute("aria-label") !== name) {
        bubble.setAttribute("role", "group");
        bubble.setAttribute("aria-label", name);
      }
    }
  }
  const unmarked = document.querySelectorAll("#chat .cv-actions:has(.cv-like:not([aria-pressed]))");
  if (unmarked.length) {
    unmarked.forEach(actions => showRating(actions, null));
    const turns = new Map((await turnsOf(conversations.current())).map(
      turn => [turn.id, turn]));
    for (const actions of unmarked) {
      showRating(actions, turns.get(turnId(actions))?.liked ?? null);
    }
  }
}

const turnId = element => element.id.replace(/^cv-[a-z]+-/, "");

function onClick(event) {
  const button = event.target.closest("button");
  if (!button) {
    return;
  }
  if (button.matches(".cv-correct")) {
    edit(turnId(button), "correct", button.parentElement.querySelector("em").textContent);
    return;
  }
  const actions = button.closest(".cv-actions");
  if (!actions) {
    return;
  }
  const id = turnId(actions);
  if (button.matches(".cv-copy")) {
    copy(id, button);
  } else if (button.matches(".cv-edit")) {
    edit(id, "edit");
  } else if (button.matches(".cv-again")) {
    again(id);
  } else if (button.matches(".cv-like")) {
    rate(id, true, button);
  } else if (button.matches(".cv-dislike")) {
    rate(id, false, button);
  }
}

async function onKeydown(event) {
  if (event.target !== box()) {
    return;
  }
  if (event.key === "ArrowUp" && !event.target.value) {
    const last = [...document.querySelectorAll("#chat .cv-actions")].pop();
    if (last) {
      event.preventDefault();
      edit(turnId(last), "edit");
    }
  } else if (event.key === "Escape" && mode) {
    setMode(null);
    write("#question", "");
  } else if (event.key === "Escape") {
    closeDocument();
  }
}

/** Begin; the chat itself comes later. */
export function start() {
  document.addEventListener("click", onClick);
  document.addEventListener("keydown", onKeydown, true);
  new MutationObserver(describe).observe(document.documentElement, {
    childList: true, subtree: true, attributes: true, attributeFilter: ["aria-label"],
  });
  conversations.start({ leave, show: refresh });
  // A quoted document may have changed or be gone.
  document.addEventListener("sourceschange", refresh);
}
