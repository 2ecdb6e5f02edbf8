// The dialog after a calibration item: the known order of its answers.

import { answerName, describeOrder } from "./annotate-describe.js";
import { tiersOf } from "./annotate-order.js";
import { state } from "./annotate-state.js";
import { $, clip, el, passages } from "./annotate-text.js";

/** @param item the decided item; undefined after a reload, when the page no longer has its answers */
export function showKnownOrder({ ranks, explanation, right, round }, item) {
  const { task } = state.settings;
  $("known-head").textContent = right ? "✓ Right: this matches the known order" : "✗ The known order is different";
  $("known").className = right ? "right" : "wrong";
  $("known").querySelector(".known").replaceChildren(
    el("p", {}, `Known order: ${describeOrder(ranks, task)}`),
    ...(explanation ? [el("p", { class: "text notice", dir: "auto" }, explanation)] : []),
    ...(round ? [el("p", {}, describeRound(round))] : []),
    ...(item ? tiersOf(ranks).flat().map(answer => knownAnswer(item, answer, task)) : []));
  $("known").showModal();
  clip($("known"));
}

/** For example "Calibration round: 3 of 10 items decided, 2 right; 8 must be right." */
export function describeRound({ items, decided, right, needed, state: standing }) {
  const mark = needed > 0 ? `; ${needed} must be right` : "";
  const result = { Passed: needed > 0 ? " You have passed." : "", NotPassed: " You have not passed." }[standing] ?? "";
  return `Calibration round: ${decided} of ${items} items decided, ${right} right${mark}.${result}`;
}

function knownAnswer(item, answer, task) {
  return el("div", { class: "of" }, el("strong", {}, answerName(task, answer)), el("div", {}, ...passages(item.answers[answer])));
}
