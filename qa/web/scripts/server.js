// What the page's own scripts ask the server; every address is relative to the page's.

import { noteStatus } from "./session.js";

const address = path => new URL(path, document.baseURI);

// The reply's HTML, rendered and escaped by the server.
export async function fetchHtml(path, fields = {}) {
  const url = address(path);
  for (const [name, value] of Object.entries(fields)) url.searchParams.set(name, value);
  const reply = await fetch(url);
  if (!reply.ok) throw new Error(`status ${reply.status}`);
  return reply.text();
}

export async function fetchJson(path, body) {
  const reply = await fetch(address(path), body === undefined ? {} : posted(body));
  if (!reply.ok) throw new Error(`status ${reply.status}`);
  return reply.json();
}

// Each line of the reply, as it arrives. Also a refusal has lines, if it comes from our routes.
export async function* fetchLines(path, body) {
  const reply = await fetch(address(path), posted(body));
  if (reply.headers.get("content-type")?.includes("json") !== true) {
    throw new Error(`status ${reply.status}`);
  }
  const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    const lines = (rest + (value ?? "")).split("\n");
    rest = done ? "" : lines.pop();
    for (const line of lines) if (line) yield JSON.parse(line);
    if (done) return;
  }
}

// A form, with its progress from 0 to 1; the reply's status, 0 if there is none, and JSON, or null.
export function send(path, form, onProgress) {
  return new Promise(resolve => {
    const request = new XMLHttpRequest();
    request.open("POST", address(path));
    request.responseType = "json";
    request.upload.onprogress = event => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    };
    request.onloadend = () => {
      noteStatus(request.status);
      resolve({ status: request.status, reply: request.response });
    };
    request.send(form);
  });
}

function posted(body) {
  return {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  };
}
