// Saves the decision on the current item: it goes into the outbox, and the next item is shown at once.

import { describeVerdict } from "./annotate-describe.js";
import { draftKey, verdictChanged } from "./annotate-drafts.js";
import { announce } from "./annotate-messages.js";
import { firstUnrated } from "./annotate-order.js";
import { decideQuestion, toSent } from "./annotate-questions.js";
import { showNext } from "./annotate-queue.js";
import { state } from "./annotate-state.js";

/**
 * @param change fields to add to the verdict entered so far
 * @param isConfirmed whether the annotator pressed "Save"
 */
export function decide(change = {}, isConfirmed = false) {
  const { current, settings } = state;
  if (!current)
    return;
  if (decideQuestion(change, isConfirmed))
    return verdictChanged();
  const verdict = toSent({ ...state.verdict, ...change });
  state.outbox.add({ id: current.token ?? `decision-${current.decision}-${current.revision}`, ...requestFor(verdict) });
  if (current.token)
    state.decided.set(current.token, current);
  state.memory.remove(draftKey(current));
  announce(`${current.token ? "Your decision" : "Changed"}: ${describeVerdict(verdict, settings)}`);
  showNext();
}

function requestFor(verdict) {
  const { current, clock: { seconds } } = state;
  return current.token
    ? { method: "POST", path: "decisions", body: { token: current.token, verdict, seconds } }
    : { method: "PUT", path: `decisions/${current.decision}`, body: { revision: current.revision, verdict } };
}

/** Decides with the verdict entered so far, if it is complete. */
export function decideAsEntered() {
  const { verdict, settings: { task } } = state;
  if (task === "BestWorst")
    return verdict.outcome ? decide({}, true) : announce("Choose the best and the worst answer first.");
  if (task === "Pairwise" || verdict.outcome === "AllBad" || verdict.outcome === "Skipped")
    return verdict.outcome ? decide({}, true) : announce("Choose an answer first.");
  if (task === "Rating")
    return firstUnrated(verdict.ratings) === null ? decide({ outcome: "Rated", ranks: null }, true) : announce("Rate every answer first.");
  const rankedCount = (verdict.ranks ?? []).filter(rank => rank !== null).length;
  return rankedCount >= 2 ? decide({ outcome: "Ranked", strength: null }, true) : announce("Rank at least two answers first.");
}
