// The page's own behaviour. Gradio's events call it as window.chapterAndVerse.

import { acceptDroppedReceipts, readReceipt } from "./receipts.js";

window.chapterAndVerse = { readReceipt };

acceptDroppedReceipts();
