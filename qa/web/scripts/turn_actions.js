// Turn actions: what can be done with a turn of the chat: copied, edited, asked again, rated.

import { askAgain, edit, write } from "./chat.js";
import * as conversations from "./conversations.js";
import { say } from "./notices.js";
import { turnsOf } from "./store.js";

const actions = {
  "cv-copy": copy,
  "cv-edit": (id, button) => withTurn(id, turn => edit(turn)),
  "cv-correct": (id, button) => withTurn(
    id, turn => edit(turn, button.parentElement.querySelector("em").textContent)),
  "cv-again": id => withTurn(id, askAgain),
  "cv-like": (id, button) => rate(id, true, button),
  "cv-dislike": (id, button) => rate(id, false, button),
};

/** Begin; the turns come later. */
export function start() {
  document.addEventListener("click", event => {
    const button = event.target.closest("#chat button");
    const name = [...button?.classList ?? []].find(each => each in actions);
    if (name) {
      actions[name](turnId(button.closest(".cv-actions") ?? button), button);
    }
  });
  new MutationObserver(describe).observe(document.documentElement, {
    childList: true, subtree: true, attributes: true, attributeFilter: ["aria-label"],
  });
}

const turnId = element => element.id.replace(/^cv-[a-z]+-/, "");

async function withTurn(id, act) {
  const turns = await turnsOf(conversations.current());
  const turn = turns.find(each => each.id === id);
  if (turn) {
    act(turn);
  }
}

async function copy(id, button) {
  const content = document.getElementById(`cv-markdown-${id}`)?.textContent ?? "";
  const copied = navigator.clipboard
    ? await navigator.clipboard.writeText(content).then(() => true, () => false)
    : copySelected(content);
  button.focus();
  say(copied ? "Copied." : "This browser does not let the page copy.");
}

/** Over plain HTTP from another machine, navigator.clipboard is not there. */
function copySelected(content) {
  const area = document.body.appendChild(document.createElement("textarea"));
  area.value = content;
  area.select();
  const copied = document.execCommand("copy");
  area.remove();
  return copied;
}

function rate(id, liked, button) {
  const withdrawn = button.ariaPressed === "true";
  const value = withdrawn ? null : liked;
  showRating(button.closest(".cv-actions"), value);
  write("#cv-rating", JSON.stringify({ id, liked: value, at: Date.now() }));
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
