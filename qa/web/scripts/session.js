// Session: what whoever opened the page may not do, signing out, and the end of a sign-in.
//
// Who that is, the server says in attributes of the page's HTML (see page_attributes.py).

import { element } from "./elements.js";

const { caller = "", mayNot: forbidden = "" } = document.documentElement.dataset;

/** Whether something is not offered: "add", "remove" or "index". */
export const mayNot = what => forbidden.split(" ").includes(what);

/** A key under which this browser keeps something for one caller: others may use it, too. */
export const ownKey = key => caller ? `${key}-${caller}` : key;

let notice = null;

/** Whether the server lets this page do nothing any more. */
export const hasEnded = () => notice !== null;

/** Say that the sign-in has ended. What was typed stays; once somebody has signed in again, in
 * another tab, the page goes on. */
function end() {
  if (notice) {
    return;
  }
  const link = element("a", {
    href: "sign-in", target: "_blank", rel: "noopener", textContent: "Sign in again",
  });
  notice = element(
    "p", { id: "cv-ended", role: "alert" },
    "You are signed out: the sign-in has ended, or the key was revoked. ", link,
    " in another tab. What you typed stays here.",
  );
  document.body.append(notice);
  document.documentElement.dataset.ended = "";
}

/** Note the status of a reply of the server; 0 if there is none. */
export function noteStatus(status) {
  if (status === 401) {
    end();
  } else if (status >= 200 && status < 400 && notice) {
    notice.remove();
    notice = null;
    delete document.documentElement.dataset.ended;
    document.dispatchEvent(new Event("signedin"));
  }
}

/** Note who it is that the server answers: in another tab somebody else may have signed in. */
export function noteCaller(name) {
  if (name !== caller) {
    location.reload();
  }
}

async function signOut(button) {
  button.disabled = true;
  try {
    await fetch("sign-out", { method: "POST" });
    // Back does not lead here again.
    location.replace("sign-in");
  } catch {
    button.disabled = false;
  }
}

/** Begin: whatever the page asks the server for, Gradio's events included, tells of the end. */
export function start() {
  const plain = window.fetch;
  window.fetch = async (...request) => {
    const reply = await plain(...request);
    noteStatus(reply.status);
    return reply;
  };
  document.addEventListener("click", event => {
    const button = event.target.closest?.("#cv-sign-out");
    if (button) {
      signOut(button);
    }
  });
}
