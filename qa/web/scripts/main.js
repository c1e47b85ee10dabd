// The page's own behaviour. Gradio's events call it as window.chapterAndVerse.

import "./root.js";
import "./loading.js";
import { addingActions, startAdding } from "./adding.js";
import * as chat from "./chat.js";
import * as citations from "./citations.js";
import * as conversationList from "./conversation_list.js";
import { followIndexing } from "./indexing.js";
import { within } from "./limit.js";
import { startPrinting } from "./printing.js";
import { openDocument, startReader } from "./reader.js";
import { acceptDroppedReceipts, readReceipt } from "./receipts.js";
import * as session from "./session.js";
import * as shortcuts from "./shortcuts.js";
import { fillSourceList, listActions, startSourceList } from "./source_list.js";
import * as tabs from "./tabs.js";
import * as theme from "./theme.js";
import { completeRating, start as startTurnActions } from "./turn_actions.js";

const {
  complete, refuse, settle, showConversation, showFirst, shown, showQuestion, turns,
} = chat;

window.chapterAndVerse = {
  complete, refuse, settle, showConversation, showFirst, shown, showQuestion, turns,
  completeRating, openDocument, readReceipt, within,
};

const actions = { ...listActions, ...addingActions };

document.addEventListener("click", event => {
  const button = event.target.closest?.("[data-do]");
  if (button) actions[button.dataset.do]?.(button);
});

session.start();
theme.start();
tabs.start();
chat.start();
startTurnActions();
citations.start();
conversationList.start();
shortcuts.start();
startPrinting();
startReader();
acceptDroppedReceipts();
startSourceList();
startAdding();

// Gradio draws the page once its own scripts have run, and anew after a connection was lost.
let filled = null;
const observer = new MutationObserver(() => {
  const list = document.querySelector("#source-list .cv-choosing");
  if (!list || list === filled || !document.querySelector("#limit-chip .cv-chip")) return;
  filled = list;
  fillSourceList();
  followIndexing();
  tabs.followAddress();
});
observer.observe(document.documentElement, { childList: true, subtree: true });
