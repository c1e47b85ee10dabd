// The page's own behaviour. Gradio's events call it as window.chapterAndVerse.

import "./root.js";
import "./loading.js";
import * as chat from "./chat.js";
import * as citations from "./citations.js";
import * as conversations from "./conversations.js";
import { startPrinting } from "./printing.js";
import { closeDocument, openDocument, startReader } from "./reader.js";
import { acceptDroppedReceipts, readReceipt } from "./receipts.js";
import * as shortcuts from "./shortcuts.js";
import * as theme from "./theme.js";

const {
  ask, complete, completeRating, refresh, refuse, settle, showConversation, showQuestion, stop,
  turns,
} = chat;

window.chapterAndVerse = {
  ask, complete, completeRating, refresh, refuse, settle, showConversation, showQuestion, stop,
  turns, closeDocument, openDocument, readReceipt,
};

theme.start();
chat.start();
citations.start();
conversations.start();
shortcuts.start();
startPrinting();
startReader();
acceptDroppedReceipts();
