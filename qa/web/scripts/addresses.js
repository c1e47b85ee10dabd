// Addresses: the part behind "#" says which conversation, document and tab the page shows.

const fields = () => new URLSearchParams(location.hash.slice(1));

/** What the address says of one of them; null if nothing. */
export const addressed = name => fields().get(name);

/** The present address with other values; null takes one out. */
export function addressWith(values) {
  const changed = fields();
  for (const [name, value] of Object.entries(values)) {
    if (value === null) {
      changed.delete(name);
    } else {
      changed.set(name, value);
    }
  }
  const hash = changed.size ? `#${changed}` : "";
  return `${location.pathname}${location.search}${hash}`;
}
