// Notices: short sentences at the bottom of the page, with an action where there is one.

const SECONDS = 8;

let place;

function area() {
  if (!place?.isConnected) {
    place = document.createElement("div");
    place.className = "cv-notices";
    place.setAttribute("role", "status");
    document.body.append(place);
  }
  return place;
}

/**
 * Say something for some seconds.
 *
 * @param {string} sentence
 * @param {{label: string, act: function(): void}} [action] - Offered beside it.
 */
export function say(sentence, action) {
  const notice = document.createElement("p");
  notice.className = "cv-toast";
  notice.append(sentence);
  const end = () => notice.remove();
  if (action) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = action.label;
    button.addEventListener("click", () => {
      end();
      action.act();
    });
    notice.append(" ", button);
  }
  // A sentence that is said again replaces itself.
  for (const other of area().children) {
    if (other.firstChild.textContent === sentence) {
      other.remove();
    }
  }
  area().append(notice);
  setTimeout(end, SECONDS * 1_000);
}
