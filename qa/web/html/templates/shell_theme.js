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
