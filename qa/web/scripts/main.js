// The page's own behaviour. Gradio's events call it as window.chapterAndVerse.

window.chapterAndVerse = {};
