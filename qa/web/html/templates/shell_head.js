/* Before anything is painted: the theme that the user chose or the address names, where it is not
   the system's. */
{
  let chosen = null;
  try {
    chosen = localStorage.getItem("chapter-and-verse-theme");
  } catch {
    /* Nothing is stored in this window. */
  }
  const theme = chosen ?? new URLSearchParams(location.search).get("__theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
}

/* A question can be sent before any other script is there. */
addEventListener("keydown", (event) => {
  const draft = event.target.closest?.("#cv-draft textarea");
  if (!draft || event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  if (!draft.value.trim()) return;
  document.documentElement.dataset.sent = "";
  document.getElementById("cv-waiting").textContent = "It is asked as soon as the page is there.";
});
