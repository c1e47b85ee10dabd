// The page's own behaviour. Gradio's events call it as window.chapterAndVerse.

import "./root.js";
import "./loading.js";

window.chapterAndVerse = {};
