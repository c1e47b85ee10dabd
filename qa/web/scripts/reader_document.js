// An opened document: its quotes, its pages, the picture of a page, and finding words.
//
// The server renders the text of one part and gives the offsets of all quotes and pages; what lies
// in another part is loaded when it is gone to.

import { rangeOf, textElements } from "./text_places.js";

const TYPING_MS = 250;
const HIGHLIGHTS = ["cv-found", "cv-found-current", "cv-quote-current"];

export function clearHighlights() {
  for (const name of HIGHLIGHTS) {
    CSS.highlights?.delete(name);
  }
}

// What stays as it is while parts of one document are loaded.
export function newReading() {
  return { view: "picture", words: "", matches: [], more: false, match: -1, quote: null };
}

export class OpenedDocument {
  // `load` loads the part with an offset, `say` tells a screen reader.
  // `onQuote` takes the number of the quote that is gone to.
  constructor(root, reading, { load, say, onQuote }) {
    Object.assign(this, { root, reading, load, say, onQuote });
    this.start = Number(root.dataset.start);
    this.end = Number(root.dataset.end);
    this.quotes = JSON.parse(root.dataset.quotes);
    this.pages = JSON.parse(root.dataset.pages);
    this.elements = textElements(root.querySelector(".cv-reader-text"));
    this.scroller = root.querySelector(".cv-reader-scroll");
    this.figure = root.querySelector(".cv-reader-picture");
    this.field = root.querySelector(".cv-find input");
    const at = Number(root.dataset.at);
    const quote = this.quotes.findIndex(([start]) => start === at);
    if (quote >= 0 || reading.quote === null) {
      reading.quote = quote;
    }
    this.page = this.pageAt(at);
    this.connect();
    this.field.value = reading.words;
    this.setView(this.figure && reading.view === "picture" ? "picture" : "text");
    this.goTo(at);
    this.paint();
  }

  connect() {
    const { root } = this;
    const actions = {
      "quote-back": () => this.stepQuote(-1),
      "quote-on": () => this.stepQuote(1),
      "page-back": () => this.turnPage(-1),
      "page-on": () => this.turnPage(1),
      "picture": () => this.chooseView("picture"),
      "text": () => this.chooseView("text"),
      "about": () => this.showAbout(),
      "match-back": () => this.stepMatch(-1),
      "match-on": () => this.stepMatch(1),
    };
    root.addEventListener("click", event => {
      actions[event.target.closest("[data-action]")?.dataset.action]?.();
    });
    root.querySelector(".cv-find").addEventListener("submit", event => {
      event.preventDefault();
      this.stepMatch(1);
    });
    this.field.addEventListener("keydown", event => {
      if (event.key === "Enter" && event.shiftKey) {
        event.preventDefault();
        this.stepMatch(-1);
      }
    });
    this.field.addEventListener("input", () => {
      clearTimeout(this.typing);
      this.typing = setTimeout(() => this.find(), TYPING_MS);
    });
    this.scroller.addEventListener("scroll", () => {
      this.scrolled ??= requestAnimationFrame(() => {
        this.scrolled = null;
        this.followPage();
      });
    }, { passive: true });
    this.figure?.querySelector("img").addEventListener("error", () => {
      root.querySelector(".cv-no-picture").hidden = false;
      this.figure.remove();
      this.figure = null;
      root.querySelector('[data-action="picture"]').remove();
      this.setView("text");
      this.scrollTo(this.place ?? this.start);
    });
  }

  // What is still under way finds nothing any more.
  close() {
    clearTimeout(this.typing);
    this.finding?.abort();
  }

  // Keys with the focus anywhere in the document but in a field; whether this was one.
  pressed(key) {
    const step = { n: 1, p: -1 }[key];
    if (!step || !this.quotes.length) {
      return false;
    }
    this.stepQuote(step);
    return true;
  }

  // Show an offset: as it is printed, or in the text, of this part or another.
  goTo(offset) {
    this.place = offset;
    const page = this.pageAt(offset);
    if (this.view === "about") {
      this.setView("text");
    }
    if (this.view === "picture") {
      this.showPicture(page);
    } else if (offset >= this.start && (offset < this.end || offset === this.start)) {
      this.scrollTo(offset);
      this.page = page;
    } else {
      this.load(offset);
      return;
    }
    this.label();
  }

  scrollTo(offset) {
    const range = rangeOf(this.elements, offset, offset + 1);
    if (!range) {
      return;
    }
    const place = range.getBoundingClientRect(), box = this.scroller.getBoundingClientRect();
    const wide = range.startContainer.parentElement.closest(".table, .code");
    // The start of a part is shown with what stands above it.
    this.scroller.scrollTop += offset === this.start
      ? -this.scroller.scrollTop
      : place.top - box.top - this.scroller.clientHeight / 4;
    if (wide) {
      const sides = wide.getBoundingClientRect();
      if (place.left < sides.left || place.right > sides.right) {
        wide.scrollLeft += place.left - sides.left - wide.clientWidth / 4;
      }
    }
  }

  stepQuote(step) {
    const { reading, quotes } = this;
    const next = reading.quote + step;
    if (next >= 0 && next < quotes.length) {
      reading.quote = next;
      this.goTo(quotes[next][0]);
      this.onQuote(next + 1);
      this.paint();
      this.say(this.quoteLabel());
    }
  }

  turnPage(step) {
    const page = this.page + step;
    if (page >= 1 && page <= this.pages.length) {
      this.page = page;
      this.goTo(this.pages[page - 1]);
      this.say(`page ${page} of ${this.pages.length}`);
    }
  }

  chooseView(view) {
    if (view === "picture" && !this.figure) {
      return;
    }
    const { page, place } = this;
    this.setView(view);
    // The place that was gone to last, unless another page has been turned to since.
    this.goTo(this.pageAt(place) === page ? place : this.pages[page - 1]);
  }

  // Outline and central sentences, which the server takes from the document when first asked.
  async showAbout() {
    const { root } = this;
    const box = root.querySelector(".cv-reader-about");
    this.setView("about");
    if (box.childElementCount) {
      return;
    }
    box.textContent = "Looking through the document …";
    try {
      const reply = await fetch(root.dataset.about);
      if (!reply.headers.get("content-type")?.startsWith("text/html")) {
        throw new Error(reply.statusText);
      }
      // Rendered by the server from templates, which escape all that comes from a document.
      box.innerHTML = await reply.text();
      this.say("Outline and central sentences are shown");
    } catch {
      box.textContent = "The server does not answer. Choose About again.";
      this.say(box.textContent);
    }
  }

  setView(view) {
    const { root } = this;
    this.view = this.reading.view = view;
    if (this.figure) {
      this.figure.hidden = view !== "picture";
    }
    root.querySelector(".cv-reader-text").hidden = view !== "text";
    root.querySelector(".cv-reader-about").hidden = view !== "about";
    for (const button of root.querySelectorAll(".cv-view-tool button")) {
      button.ariaPressed = String(button.dataset.action === view);
    }
    if (view !== "text") {
      this.scroller.scrollTop = 0;
    }
  }

  showPicture(page) {
    this.page = page;
    const address = `${this.root.dataset.picture}&page=${page}`;
    const image = this.figure.querySelector("img");
    if (image.getAttribute("src") !== address) {
      image.src = address;
      image.alt = `Page ${page} as printed, its quotes marked where they are found`;
      this.figure.querySelector("a").href = address;
      this.scroller.scrollTop = 0;
    }
  }

  // The page at the top of the text, where it is scrolled to.
  followPage() {
    if (this.view !== "text" || !this.pages.length) {
      return;
    }
    const line = this.scroller.getBoundingClientRect().top + this.scroller.clientHeight / 3;
    const above = [...this.root.querySelectorAll("[data-page]")]
      .filter(each => each.getBoundingClientRect().top < line);
    this.page = above.length ? Number(above.at(-1).dataset.page) : this.pageAt(this.start);
    this.label();
  }

  pageAt(offset) {
    return this.pages.length && Math.max(1, this.pages.filter(start => start <= offset).length);
  }

  quoteLabel() {
    const { quotes, reading } = this;
    if (quotes.length < 2 || reading.quote < 0) {
      return `${quotes.length} quote${quotes.length === 1 ? "" : "s"}`;
    }
    return `quote ${reading.quote + 1} of ${quotes.length}`;
  }

  label() {
    const { root, reading, quotes, pages, page } = this;
    this.show(".cv-quote-tool", quotes.length, this.quoteLabel(),
      reading.quote <= 0, reading.quote >= quotes.length - 1);
    this.show(".cv-page-tool", pages.length, `page ${page} of ${pages.length}`,
      page <= 1, page >= pages.length);
    root.querySelector(".cv-found").textContent = this.foundLabel();
    for (const button of root.querySelectorAll(".cv-find button")) {
      button.disabled = !reading.matches.length;
    }
  }

  show(tool, count, text, first, last) {
    const group = this.root.querySelector(tool);
    group.hidden = !count;
    group.querySelector("span").textContent = text;
    const [back, on] = group.querySelectorAll("button");
    back.hidden = on.hidden = count === 1;
    // A button that is disabled would lose the focus.
    back.ariaDisabled = String(first);
    on.ariaDisabled = String(last);
  }

  foundLabel() {
    const { words, matches, match, more } = this.reading;
    if (!words.trim()) {
      return "";
    }
    const count = matches.length.toLocaleString("en");
    return matches.length
      ? `${(match + 1).toLocaleString("en")} of ${more ? "over " : ""}${count}` : "not found";
  }

  async find() {
    const { reading, root } = this;
    const words = this.field.value;
    this.finding?.abort();
    this.finding = new AbortController();
    let found = { matches: [], more: false };
    if (words.trim()) {
      try {
        const address = `${root.dataset.find}&words=${encodeURIComponent(words)}`;
        const reply = await fetch(address, { signal: this.finding.signal });
        if (!reply.ok) {
          throw new Error(reply.statusText);
        }
        found = await reply.json();
      } catch (error) {
        if (error.name !== "AbortError") {
          root.querySelector(".cv-found").textContent = "The server does not answer";
        }
        return;
      }
    }
    const from = this.view === "text" ? this.firstShown() : this.place;
    Object.assign(reading, found, { words });
    reading.match = found.matches.findIndex(([start]) => start >= from);
    if (reading.match < 0 && found.matches.length) {
      reading.match = 0;
    }
    this.goToMatch();
  }

  stepMatch(step) {
    const { reading } = this;
    if (this.field.value !== reading.words) {
      clearTimeout(this.typing);
      this.find();
    } else if (reading.matches.length) {
      const count = reading.matches.length;
      reading.match = (reading.match + step + count) % count;
      this.goToMatch();
    }
  }

  goToMatch() {
    const { reading } = this;
    if (reading.matches.length) {
      // Words are found in the text, not in the picture.
      this.setView("text");
      this.goTo(reading.matches[reading.match][0]);
    }
    this.label();
    this.paint();
  }

  // The offset of the first text that is to be seen.
  firstShown() {
    const top = this.scroller.getBoundingClientRect().top;
    const first = this.elements.find(
      ({ element }) => element.getBoundingClientRect().bottom > top);
    return first ? first.start : this.start;
  }

  paint() {
    const { reading, elements, quotes } = this;
    clearHighlights();
    const here = ([start]) => start >= this.start && start < this.end;
    const ranges = spans => spans.filter(here)
      .map(([start, end]) => rangeOf(elements, start, end)).filter(Boolean);
    const current = reading.matches.slice(reading.match, reading.match + 1);
    if (CSS.highlights) {
      CSS.highlights.set("cv-found", new Highlight(...ranges(reading.matches)));
      const found = new Highlight(...ranges(current));
      found.priority = 1;
      CSS.highlights.set("cv-found-current", found);
      if (quotes.length > 1 && reading.quote >= 0) {
        const quote = new Highlight(...ranges([quotes[reading.quote]]));
        CSS.highlights.set("cv-quote-current", quote);
      }
    } else {
      // Older browsers show the present match as selected.
      for (const range of ranges(current)) {
        getSelection().removeAllRanges();
        getSelection().addRange(range);
      }
    }
  }
}
