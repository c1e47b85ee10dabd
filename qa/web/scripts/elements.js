// Elements: makes what the page's scripts add to it.

/** An element with properties of its object, such as textContent, and what it contains. */
export function element(name, properties = {}, ...content) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...content);
  return made;
}

/** A button that does something. */
export function button(label, act, properties = {}) {
  const made = element("button", { type: "button", textContent: label, ...properties });
  made.addEventListener("click", act);
  return made;
}

/** Show a dialog with a heading. Close, Esc and a click beside it remove it. */
export function openDialog(title, content, { className = "", parent = document.body } = {}) {
  const close = button("Close", () => dialog.close());
  const head = element("header", {}, element("h2", { textContent: title }), close);
  const dialog = element("dialog", { className: `cv-dialog ${className}` }, head, ...content);
  dialog.setAttribute("aria-label", title);
  dialog.addEventListener("click", event => {
    // Of the dialog itself only its backdrop can be clicked.
    if (event.target === dialog) {
      dialog.close();
    }
  });
  dialog.addEventListener("close", () => dialog.remove());
  parent.append(dialog);
  dialog.showModal();
  return dialog;
}
