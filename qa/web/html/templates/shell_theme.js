// Before anything is painted: the theme that the address names, where it is not the system's.
{
  const theme = new URLSearchParams(location.search).get("__theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
}
