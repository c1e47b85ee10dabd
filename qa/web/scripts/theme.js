// Theme: light or dark, as the system has it until the user chooses otherwise.

import { keep, stored } from "./preferences.js";

const KEY = "chapter-and-verse-theme";

/** Gradio takes its theme from the system when it starts. */
function apply() {
  const theme = stored(KEY);
  if (theme && document.body.classList.contains("dark") !== (theme === "dark")) {
    document.body.classList.toggle("dark", theme === "dark");
  }
  if (theme) {
    document.documentElement.dataset.theme = theme;
  }
}

/** Begin; Gradio sets its own theme later. */
export function start() {
  apply();
  new MutationObserver(apply).observe(
    document.body, { attributes: true, attributeFilter: ["class"] });
  document.addEventListener("click", event => {
    if (!event.target.closest("#cv-theme")) {
      return;
    }
    const next = document.body.classList.contains("dark") ? "light" : "dark";
    if (!keep(KEY, next)) {
      // Chosen for this page only.
      document.body.classList.toggle("dark", next === "dark");
    }
    apply();
  });
}
