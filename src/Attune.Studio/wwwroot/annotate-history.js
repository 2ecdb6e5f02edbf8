// Earlier decisions: undo the last one, list them, change one.

import { tryCall } from "./annotate-api.js";
import { describeVerdict } from "./annotate-describe.js";
import { draftKey } from "./annotate-drafts.js";
import { announce, announceFailure, showNotice } from "./annotate-messages.js";
import { countInProject, showOwnCount } from "./annotate-progress.js";
import { showNext } from "./annotate-queue.js";
import { postponeCurrent, showItem } from "./annotate-screen.js";
import { state } from "./annotate-state.js";
import { $, el, kbd } from "./annotate-text.js";

export async function undo() {
  if (state.undoing)
    return;
  state.undoing = true;
  try {
    await undoLastDecision();
  } finally {
    state.undoing = false;
  }
}

async function undoLastDecision() {
  if (!await state.outbox.flush())
    return announce("Your last decision is not saved yet. Try again when it is.");
  const decision = state.withdrawing ?? await lastDecision();
  if (decision === null)
    return;
  state.withdrawing = decision;         // if the response is lost, the next undo withdraws the same decision
  const { status, body } = await tryCall("POST", "undo", { decision });
  if (status === 200 || status === 400 || status === 409)
    state.withdrawing = null;
  if (status !== 200)
    return announceFailure(body);
  showOwnCount(body.mine);
  countInProject(body.verdict, -1);
  postponeCurrent();
  showItem({ ...body.item, verdict: body.verdict, seconds: body.seconds });
  announce(`Undone: ${describeVerdict(body.verdict, state.settings)}. Change it, or press Enter to save it again.`);
}

/** The decision that undo withdraws; null where there is none. */
async function lastDecision() {
  const { status, body } = await tryCall("GET", "last");
  if (status !== 200)
    announceFailure(body);
  else if (body.decision === null)
    announce("There is nothing to undo.");
  return body?.decision ?? null;
}

export async function showHistory() {
  const { status, body } = await tryCall("GET", "recent");
  if (status !== 200)
    return announceFailure(body);
  const rows = body.decisions.map(historyRow);
  $("history").querySelector("ol").replaceChildren(...(rows.length > 0 ? rows : [el("li", { class: "faint" }, "No decisions yet.")]));
  $("history").showModal();
}

function historyRow({ decision, verdict, opening, editable }) {
  return el("li", {},
    el("div", {},
      el("strong", {}, describeVerdict(verdict, state.settings)),
      el("div", { class: "text faint", dir: "auto" }, opening)),
    editable
      ? el("button", { class: "quiet", "aria-label": `Change: ${opening}`, onclick: () => changeDecision(decision) }, "Change")
      : el("span", { class: "hint" }, "calibration"));
}

async function changeDecision(decision) {
  const { status, body } = await tryCall("GET", `decisions/${decision}`);
  $("history").close();
  if (status !== 200)
    return announceFailure(body);
  postponeCurrent();
  showItem({ ...body.item, decision: body.decision, revision: body.revision, verdict: body.verdict, seconds: body.seconds });
  showNotice("You are changing an earlier decision. Choose again, or leave it.", " ",
    el("button", { class: "quiet", onclick: cancelChange }, kbd("Escape"), " Leave it unchanged"));
}

export function cancelChange() {
  if (!state.current?.decision)
    return;
  state.memory.remove(draftKey(state.current));
  announce("Left unchanged.");
  showNext();
}
