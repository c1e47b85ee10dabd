// Loading: shows the page once it has settled, in place of what the server painted at once.
//
// Gradio builds the page piece by piece, and each piece moves the others; hidden, they move nothing
// that anybody sees. What was typed meanwhile is taken over.

const QUIET_MS = 200; // Without a change of the layout, for it to be settled.
const LONGEST_MS = 2500; // From the question box on: a page that never settles is shown, too.
const POLL_MS = 50;

const shell = document.getElementById("cv-shell");
const draft = shell.querySelector("textarea");

function questionBox() {
  return document.querySelector("#question textarea");
}

// Where the named parts of the page are now; no two layouts have the same.
function layout() {
  const places = [innerWidth, innerHeight];
  for (const part of document.querySelectorAll("gradio-app [id]")) {
    const { x, y, width, height } = part.getBoundingClientRect();
    places.push(part.id, x, y, width, height);
  }
  return places.join(" ");
}

function show() {
  document.documentElement.classList.add("cv-loaded");
  const box = questionBox();
  const hadFocus = document.activeElement === draft || document.activeElement === document.body;
  const { value, selectionStart, selectionEnd } = draft;
  shell.remove();
  if (value.trim()) {
    box.value = value;
    box.dispatchEvent(new Event("input", { bubbles: true }));
  }
  if (hadFocus && (box.autofocus || value)) {
    box.focus({ preventScroll: true });
    if (value) box.setSelectionRange(selectionStart, selectionEnd);
  }
  if (document.documentElement.dataset.sent !== undefined && value.trim()) {
    document.getElementById("ask").click();
  }
}

let before = "";
let unchangedSince = 0;
let boxSince = 0;

function check() {
  const now = performance.now();
  const seen = questionBox() ? layout() : "";
  if (seen !== before) [before, unchangedSince] = [seen, now];
  if (seen) {
    boxSince ||= now;
    if (now - unchangedSince >= QUIET_MS || now - boxSince >= LONGEST_MS) {
      show();
      return;
    }
  }
  setTimeout(check, POLL_MS);
}

check();
