// Drafts: a verdict that is not saved yet is kept in the browser, so that it survives a reload.

import { toSent } from "./annotate-questions.js";
import { state } from "./annotate-state.js";

export const draftKey = ({ token, decision }) => `draft:${token ?? `decision-${decision}`}`;

/** Call this after each change of the verdict. */
export function verdictChanged() {
  saveDraft();
  state.view.renderVerdict();
}

function saveDraft() {
  state.memory.set(draftKey(state.current), { verdict: toSent(state.verdict), seconds: state.clock.seconds });
}

/** Adds the time that passed since the last change. */
export function updateDraft() {
  if (state.current && state.memory.get(draftKey(state.current)))
    saveDraft();
}

/** @param items whose drafts are kept, in addition to the current item's */
export function removeOtherDrafts(items) {
  const kept = new Set([...items, ...(state.current ? [state.current] : [])].map(draftKey));
  for (const key of state.memory.keys("draft:"))
    if (!kept.has(key))
      state.memory.remove(key);
}
