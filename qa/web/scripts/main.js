// The page's own behaviour. Gradio's events call it as window.chapterAndVerse.

import { startPrinting } from "./printing.js";
import { closeDocument, openDocument, startReader } from "./reader.js";

window.chapterAndVerse = { closeDocument, openDocument };
startPrinting();
startReader();
