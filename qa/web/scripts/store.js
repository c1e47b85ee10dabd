// Store: the conversations that this browser keeps, in IndexedDB.
//
// A turn is a record of its own, so that tabs which add turns to one conversation at the same
// time keep both. Where the browser refuses a database, as in some private windows, everything
// is kept in memory until the page is closed.

const NAME = "chapter-and-verse";
const VERSION = 1;

/**
 * A conversation: `id`, `library` that it asks, `name`, whether the user has `named` it, and when
 * it was `updated`, in milliseconds.
 *
 * A turn: the `conversation` it belongs to, its `id`, by which turns are ordered, its `question`,
 * `row` (JSON, as the server reads it), whether it was `liked`, and whether it was `answered`.
 */

/** An id that later ones are greater than, in any tab. */
export function newId() {
  const random = crypto.getRandomValues(new Uint32Array(2));
  const time = Date.now().toString(36).padStart(9, "0");
  return `${time}-${[...random].map(each => each.toString(36).padStart(7, "0")).join("")}`;
}

let opening;

function database() {
  opening ??= new Promise(resolve => {
    let request;
    try {
      request = indexedDB.open(NAME, VERSION);
    } catch {
      resolve(null);
      return;
    }
    request.onupgradeneeded = () => {
      const conversations = request.result.createObjectStore("conversations", { keyPath: "id" });
      conversations.createIndex("library", "library");
      const turns = request.result.createObjectStore(
        "turns", { keyPath: ["conversation", "id"] });
      turns.createIndex("conversation", "conversation");
    };
    request.onsuccess = () => {
      const opened = request.result;
      // Another version of the page in another tab, or the browser, may close it.
      opened.onversionchange = () => opened.close();
      opened.onclose = () => {
        opening = undefined;
      };
      resolve(opened);
    };
    request.onerror = () => resolve(null);
    request.onblocked = () => resolve(null);
  });
  return opening;
}

const memory = { conversations: new Map(), turns: new Map() };

/** Whether conversations outlive the page. */
export async function isKept() {
  return (await database()) !== null;
}

/**
 * Run a transaction and return what `work` requested last, once all is written.
 *
 * @param {string} mode - "readonly" or "readwrite".
 * @param {function(IDBTransaction): IDBRequest | void} work
 */
async function transact(mode, work) {
  const opened = await database();
  return new Promise((resolve, reject) => {
    const transaction = opened.transaction(["conversations", "turns"], mode);
    const request = work(transaction);
    transaction.oncomplete = () => resolve(request?.result);
    transaction.onerror = transaction.onabort = () => reject(transaction.error);
  });
}

const byId = (one, other) => one.id < other.id ? -1 : one.id > other.id ? 1 : 0;

/** The turns of a conversation, in order. */
export async function turnsOf(conversation) {
  if (!await isKept()) {
    return [...memory.turns.values()].filter(
      turn => turn.conversation === conversation).sort(byId);
  }
  const turns = await transact("readonly", transaction =>
    transaction.objectStore("turns").index("conversation").getAll(conversation));
  return turns.sort(byId);
}

/** The conversations of a library, or of all, the one that was used last first. */
export async function conversationsOf(library) {
  const found = await isKept()
    ? await transact("readonly", transaction =>
      transaction.objectStore("conversations").index("library").getAll(library))
    : [...memory.conversations.values()].filter(
      each => library === undefined || each.library === library);
  return found.sort((one, other) => other.updated - one.updated);
}

/** Store a conversation and turns of it, each in place of the one with its id. */
export async function put(conversation, turns = []) {
  if (!await isKept()) {
    memory.conversations.set(conversation.id, conversation);
    for (const turn of turns) {
      memory.turns.set(turn.id, turn);
    }
    return;
  }
  await transact("readwrite", transaction => {
    transaction.objectStore("conversations").put(conversation);
    for (const turn of turns) {
      transaction.objectStore("turns").put(turn);
    }
  });
}

/** Remove turns of a conversation by their ids. */
export async function removeTurns(conversation, ids) {
  if (!await isKept()) {
    ids.forEach(id => memory.turns.delete(id));
    return;
  }
  await transact("readwrite", transaction => {
    for (const id of ids) {
      transaction.objectStore("turns").delete([conversation, id]);
    }
  });
}

/** Remove a conversation with its turns. */
export async function removeConversation(id) {
  const ids = (await turnsOf(id)).map(turn => turn.id);
  await removeTurns(id, ids);
  if (!await isKept()) {
    memory.conversations.delete(id);
    return;
  }
  await transact("readwrite", transaction => {
    transaction.objectStore("conversations").delete(id);
  });
}
