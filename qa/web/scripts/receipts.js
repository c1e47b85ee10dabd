// Receipts: a file that is dropped or chosen is read here; its text alone is sent to be checked.

let dropped = null;

// The text of the file that was dropped, else of one that is chosen now; empty if none is.
export async function readReceipt(mostCharacters) {
  const file = dropped ?? (await choose());
  dropped = null;
  if (!file) return "";
  // A character has up to four bytes: what is cut off here is too long already.
  const text = await file.slice(0, 4 * mostCharacters).text();
  return text.slice(0, mostCharacters) || " ";
}

function choose() {
  return new Promise(resolve => {
    const input = document.createElement("input");
    input.type = "file";
    input.accept = ".json,application/json";
    input.addEventListener("change", () => resolve(input.files[0] ?? null));
    input.addEventListener("cancel", () => resolve(null));
    input.click();
  });
}

const MAX_BYTES = 8_000_000;

// Whether a file that was dropped on the page is a receipt, and no document.
export async function isReceipt(file) {
  if (!file.name.toLowerCase().endsWith(".json") || file.size > MAX_BYTES) return false;
  try {
    const answers = [JSON.parse(await file.text())].flat();
    return answers.some(answer => Array.isArray(answer?.citations));
  } catch {
    return false;
  }
}

// Show the tab where receipts are checked, and check one.
export function checkReceipt(file) {
  const tab = document.querySelector("#check-tab-button");
  tab.click();
  dropped = file;
  // Gradio builds what a tab holds when it is first shown.
  const observer = new MutationObserver(begin);
  observer.observe(document.documentElement, { childList: true, subtree: true });
  begin();

  function begin() {
    const button = document.querySelector("#choose-receipt");
    if (!button) return;
    observer.disconnect();
    button.click();
  }
}

const dropZone = event => event.target instanceof Element && event.target.closest("#check");

const hasFile = event => event.dataTransfer?.types.includes("Files");

function mark(on) {
  document.querySelector("#receipt-drop .cv-drop")?.classList.toggle("cv-over", on);
}

// On the whole tab: what is dropped beside the zone is meant for it.
export function acceptDroppedReceipts() {
  document.addEventListener("dragover", event => {
    const over = Boolean(dropZone(event) && hasFile(event));
    if (over) event.preventDefault();
    mark(over);
  });
  document.addEventListener("dragleave", event => {
    if (!event.relatedTarget) mark(false);
  });
  document.addEventListener("drop", event => {
    mark(false);
    if (!dropZone(event) || !hasFile(event)) return;
    event.preventDefault();
    event.stopPropagation();
    dropped = event.dataTransfer.files[0] ?? null;
    if (dropped) document.querySelector("#choose-receipt")?.click();
  });
}
