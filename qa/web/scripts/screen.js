// Screen: the widths at which the page is laid out otherwise; the style sheets name them, too.

/** Whether there is one column: sources and documents come over the chat. */
export const SMALL = matchMedia("(max-width: 860px)");

/** Whether the list of documents has no column of its own. */
export const NARROW = matchMedia("(max-width: 1100px)");
