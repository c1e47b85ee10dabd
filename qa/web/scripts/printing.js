// Printing: the sources of earlier answers, whose numbers are on paper, are unfolded there and
// folded again afterwards. Other places that answer have no numbers, and stay as they are.

const FOLDED = "#sources .cv-earlier > details:not([open])";

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
