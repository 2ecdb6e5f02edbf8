// Which item, or which text instead, is on the screen.

import { draftKey } from "./annotate-drafts.js";
import { clearNotice } from "./annotate-messages.js";
import { firstUnrated } from "./annotate-order.js";
import { startQuestions } from "./annotate-questions.js";
import { state } from "./annotate-state.js";
import { $, clip } from "./annotate-text.js";

const blankVerdict = { outcome: null, ranks: null, strength: null, ratings: null, flags: [], rationale: "", ideal: "", skipReason: null,
  judgments: null };

/** @param item with its earlier verdict and seconds, if any; a draft of it has priority */
export function showItem(item) {
  state.current = item;
  const draft = state.memory.get(draftKey(item));
  state.verdict = { ...blankVerdict, ...(draft?.verdict ?? item.verdict) };
  for (const field of ["rationale", "ideal"])
    if (!$(field))                            // the project no longer asks for it
      state.verdict[field] = "";
  startQuestions();
  state.clock.begin(draft?.seconds ?? item.seconds ?? 0);
  state.ratedAnswer = state.settings.task === "Rating" ? firstUnrated(state.verdict.ratings) : null;
  clearNotice();
  state.view.renderItem();
  showSection($("item"));
  clip($("item"));
  scrollTo(0, 0);
}

/** Shows the item, the text "all done", or the text about a failed calibration; null shows none of them. */
export function showSection(section) {
  for (const id of ["item", "done", "uncalibrated"])
    $(id).hidden = $(id) !== section;
  $("bar").hidden = section !== $("item");
  state.root.hidden = false;
  (section ?? state.root).querySelector("[tabindex='-1']")?.focus({ preventScroll: true });
}

/** Puts the current item back as the next one and keeps its draft. An earlier decision that was being changed is dropped. */
export function postponeCurrent() {
  if (state.current?.token)
    state.upcoming.unshift(state.current);
  state.current = null;
}
