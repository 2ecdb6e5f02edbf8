// Messages to the annotator: the last action, notices and problems, and whether decisions are saved.

import { state } from "./annotate-state.js";
import { $, el } from "./annotate-text.js";

/** Shows what the last action did, or why it did nothing. */
export function announce(text) {
  $("last").textContent = text;
}

export function announceFailure(body) {
  announce(body?.error ?? "The studio cannot be reached. Try again in a moment.");
}

export function showNotice(...content) {
  $("notice").className = "notice";
  $("notice").replaceChildren(...content);
}

export function showProblem(content) {
  $("notice").className = "problem";
  $("notice").replaceChildren(content);
  state.root.hidden = false;
}

export function clearNotice() {
  $("notice").className = "";
  $("notice").replaceChildren();
}

export function showSignedOut() {
  showProblem(el("span", {}, "You are signed out. ", el("a", { href: "/sign-in", target: "_blank" }, "Sign in in another tab"),
    ". Your decisions are kept in this browser and are sent when you have signed in."));
}

/** @param status of the outbox: saving, saved, refused, waiting or signed-out */
export function showSaving(status) {
  const texts = {
    saving: "Saving…", saved: "✓ Saved", refused: "✗ Not saved", waiting: "Not saved yet, retrying", "signed-out": "Not saved: signed out",
  };
  const { size } = state.outbox;
  const isAnswered = status === "saved" || status === "refused";
  $("saving").textContent = size > 1 && !isAnswered ? `${texts[status]} (${size})` : texts[status];
  $("saving").className = status;
  if (status === "signed-out" && !state.signedOut)
    showSignedOut();
  else if (isAnswered && state.signedOut)
    clearNotice();
  state.signedOut = status === "signed-out" || (state.signedOut && !isAnswered);
}
