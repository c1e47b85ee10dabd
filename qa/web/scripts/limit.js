// What questions are limited to: kept in this browser, worked out on the server.
//
// The page shows some rows of the library and knows no others. So the limit is a few paths,
// {only: […]} or {except: […]}, and the server answers to each tick with the next limit.

import { keep, stored } from "./preferences.js";
import { fetchJson } from "./server.js";

let limit = {};
let key = "";
let waiting = Promise.resolve();
let show = () => {};

// JSON for the server, once all that was ticked is in it: an input of each event that asks.
export async function within() {
  await waiting;
  return JSON.stringify(limit);
}

export function startLimit(storageKey, onChange) {
  key = storageKey;
  show = onChange;
  adopt(stored(key));
  return settle();
}

// Another tab of this browser has chosen.
addEventListener("storage", event => {
  if (!key || event.key !== key || event.newValue === JSON.stringify(limit)) return;
  settle({ limit: event.newValue ?? "{}" });
});

// The server's word on the limit, or on another one, after a tick if there is one: {path, tick}.
// In order.
export function settle(change = {}) {
  waiting = waiting.then(() => ask(change));
  return waiting;
}

export const askOnly = path => settle({ limit: JSON.stringify({ only: [path] }) });

export const askAll = () => settle({ path: "", tick: true });

// Whether a document or folder is ticked: true, false, or null for a part of a folder.
export function ticked(path, used, documents) {
  if (path === "") return used === documents ? true : used === 0 ? false : null;
  const named = limit.only ?? limit.except ?? [];
  const inside = named.some(each => path === each || path.startsWith(`${each}/`));
  if (inside) return limit.only !== undefined;
  if (named.some(each => each.startsWith(`${path}/`))) return null;
  return limit.only === undefined;
}

async function ask(change) {
  let reply;
  try {
    reply = await fetchJson("sources/limit", { limit: JSON.stringify(limit), ...change });
  } catch {
    show({ failed: true });
    return;
  }
  adopt(reply.limit);
  // Where the browser refuses it, questions are limited until the page is closed.
  keep(key, JSON.stringify(limit));
  show(reply);
  document.dispatchEvent(new Event("limitchange"));
}

function adopt(text) {
  try {
    limit = JSON.parse(text) ?? {};
  } catch {
    limit = {};
  }
}
