// The list of documents where it has no column of its own: a drawer, opened from the header.

import { NARROW } from "./screen.js";

const opener = () => document.querySelector("[data-do='open-list']");
const drawer = () => document.querySelector("#choosing");

const isOpen = () => drawer()?.hasAttribute("data-open") === true;

export const isDrawer = () => NARROW.matches;

export function openList() {
  set(true);
  focusWhenShown(drawer().querySelector(".cv-close"));
}

// Returns whether it was open.
export function closeList() {
  if (!isOpen()) return false;
  set(false);
  opener()?.focus();
  return true;
}

export function toggleList() {
  if (isOpen()) closeList();
  else openList();
}

export function startDrawer() {
  document.addEventListener("keydown", event => {
    if (event.key === "Escape" && !document.querySelector("dialog[open]")) closeList();
  });
  // What lies behind the drawer, also where it is darkened.
  document.addEventListener("pointerdown", event => {
    const inside = event.target.closest?.("#choosing, dialog, [data-do='open-list']");
    if (!inside) closeList();
  });
  NARROW.addEventListener("change", () => set(false));
}

// Gradio's buttons take a while to be shown, as all they do, and no focus until then.
function focusWhenShown(button, frames = 60) {
  button.focus();
  if (document.activeElement === button || !isOpen() || frames === 0) return;
  requestAnimationFrame(() => focusWhenShown(button, frames - 1));
}

function set(open) {
  drawer()?.toggleAttribute("data-open", open);
  opener()?.setAttribute("aria-expanded", String(open));
  // What the drawer covers has no focus while it is open.
  for (const each of drawer()?.parentElement.children ?? []) {
    if (each.id !== "choosing") each.inert = open;
  }
}
