// Changes to the verdict on the current item: ratings, the order of the answers, flags.

import { answerName, flagName } from "./annotate-describe.js";
import { verdictChanged } from "./annotate-drafts.js";
import { announce } from "./annotate-messages.js";
import { append, ordinal, ranksOf, tiersOf, without } from "./annotate-order.js";
import { state } from "./annotate-state.js";
import { $ } from "./annotate-text.js";

/** Rates an answer, or clears the rating if it already has that level; then moves to the next answer. */
export function rate(answer, level) {
  const { verdict, current, settings: { task } } = state;
  verdict.ratings ??= current.answers.map(() => null);
  const isCleared = verdict.ratings[answer] === level;
  verdict.ratings[answer] = isCleared ? null : level;
  if (state.ratedAnswer !== null)
    state.ratedAnswer = isCleared ? answer : answerToRateAfter(answer);
  if (verdict.outcome === "AllBad" && task === "Rating")
    verdict.outcome = null;
  verdictChanged();
  scrollToRatedAnswer();
}

/** After the last answer, a rating task stays on it; in other tasks digit keys stop rating. */
function answerToRateAfter(answer) {
  if (answer + 1 < state.current.answers.length)
    return answer + 1;
  return state.settings.task === "Rating" ? answer : null;
}

export function moveRatedAnswer(by) {
  const last = state.current.answers.length - 1;
  state.ratedAnswer = Math.max(0, Math.min(last, (state.ratedAnswer ?? last) + by));
  state.view.renderVerdict();
  scrollToRatedAnswer();
}

function scrollToRatedAnswer() {
  $("answers").querySelector(".turn-of")?.scrollIntoView({ block: "nearest" });
}

/** Ranks an answer last, or ties it with the last one. Removes a ranked answer, unless it should be tied. */
export function rankNextOrRemove(answer, tied) {
  const tiers = tiersOf(state.verdict.ranks);
  const isRanked = tiers.some(tier => tier.includes(answer));
  setTiers(isRanked && !tied ? without(tiers, answer) : append(tiers, answer, tied && state.settings.ties), answer);
}

/** @param answer the one that was moved */
export function setTiers(tiers, answer) {
  state.verdict.ranks = ranksOf(tiers, state.current.answers.length);
  state.verdict.outcome = "Ranked";
  state.tieNext = false;
  verdictChanged();
  const rank = tiers.findIndex(tier => tier.includes(answer));
  const place = rank < 0 ? "not ranked" : ordinal(rank + 1) + (tiers[rank].length > 1 ? ", tied" : "");
  announce(`Answer ${answerName(state.settings.task, answer)}: ${place}`);
}

export function removeLast() {
  const last = tiersOf(state.verdict.ranks).at(-1)?.at(-1);
  if (last !== undefined)
    rankNextOrRemove(last, false);
}

export function clearOrder() {
  state.verdict.ranks = null;
  state.verdict.outcome = null;
  verdictChanged();
  announce("Cleared.");
}

export function toggleFlag(flag) {
  const { verdict } = state;
  verdict.flags = verdict.flags.includes(flag) ? verdict.flags.filter(other => other !== flag) : [...verdict.flags, flag];
  verdictChanged();
  announce(`${flagName(flag)}: ${verdict.flags.includes(flag) ? "flagged" : "no longer flagged"}`);
}
