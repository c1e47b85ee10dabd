// Printing: what is folded on the screen is unfolded on paper, and folded again afterwards.

const FOLDED = "#sources details:not([open]):not(.cv-details)";

export function startPrinting() {
  let unfolded = [];
  addEventListener("beforeprint", () => {
    unfolded = [...document.querySelectorAll(FOLDED)];
    for (const each of unfolded) {
      each.open = true;
    }
  });
  addEventListener("afterprint", () => {
    for (const each of unfolded) {
      each.open = false;
    }
  });
}
