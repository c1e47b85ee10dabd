// Places in a document's text: from its offsets, which count code points, to ranges of the page.

const SURROGATES = /[\ud800-\udfff]/;

// The elements that hold text of a document, in its order, each with its first offset.
export function textElements(root) {
  return [...root.querySelectorAll("[data-start]")].map(
    element => ({ element, start: Number(element.dataset.start) }));
}

// The range between two offsets; null where there is no text.
export function rangeOf(elements, start, end) {
  const from = pointAt(elements, start);
  // The last character's end, not the beginning of what follows it.
  const to = pointAt(elements, end - 1, 1);
  if (!from || !to) {
    return null;
  }
  const range = document.createRange();
  range.setStart(...from);
  range.setEnd(...to);
  return range;
}

// The text node of an offset and the index in it; `behind` adds characters that stay in the node.
function pointAt(elements, offset, behind = 0) {
  let low = 0, high = elements.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (elements[middle].start <= offset) low = middle + 1; else high = middle;
  }
  if (low === 0) {
    return null;
  }
  const { element, start } = elements[low - 1];
  let left = offset - start, last = null;
  const walker = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const characters = SURROGATES.test(node.data) ? [...node.data] : null;
    const length = characters ? characters.length : node.length;
    if (left < length) {
      const index = left + behind;
      return [node, characters ? characters.slice(0, index).join("").length : index];
    }
    left -= length;
    last = node;
  }
  // Between two blocks or cells, where no character is shown.
  return last && [last, last.length];
}
