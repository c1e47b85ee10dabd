// Preferences: what this browser keeps of the user's choices, where it lets the page keep anything.

/** What is kept under a key; null if nothing is. */
export function stored(key) {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

/** Keep a text under a key; returns whether the browser does. */
export function keep(key, text) {
  try {
    localStorage.setItem(key, text);
    return true;
  } catch {
    return false;
  }
}
