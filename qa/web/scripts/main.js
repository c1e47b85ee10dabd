// The page's own behaviour. Gradio's events call it as window.chapterAndVerse.

import "./root.js";
import "./loading.js";
import * as chat from "./chat.js";
import * as citations from "./citations.js";
import * as conversations from "./conversations.js";
import * as shortcuts from "./shortcuts.js";
import * as theme from "./theme.js";

const {
    ask, complete, completeRating, refresh, refuse, settle, showConversation, showQuestion, stop,
} = chat;

window.chapterAndVerse = {
    ask, complete, completeRating, refresh, refuse, settle, showConversation, showQuestion, stop,
};

theme.start();
chat.start();
citations.start();
conversations.start();
shortcuts.start();
