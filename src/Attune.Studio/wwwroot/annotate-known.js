// The dialog after a calibration item: the known order of its answers.

import { answerName, describeOrder } from "./annotate-describe.js";
import { tiersOf } from "./annotate-order.js";
import { state } from "./annotate-state.js";
import { $, clip, el, passages } from "./annotate-text.js";

/** @param item the decided item; undefined after a reload, when the page no longer has its answers */
export function showKnownOrder({ ranks, explanation, right }, item) {
  const { task } = state.settings;
  $("known-head").textContent = right ? "✓ Right: this matches the known order" : "✗ The known order is different";
  $("known").className = right ? "right" : "wrong";
  $("known").querySelector(".known").replaceChildren(
    el("p", {}, `Known order: ${describeOrder(ranks, task)}`),
    ...(explanation ? [el("p", { class: "text notice", dir: "auto" }, explanation)] : []),
    ...(item ? tiersOf(ranks).flat().map(answer => knownAnswer(item, answer, task)) : []));
  $("known").showModal();
  clip($("known"));
}

function knownAnswer(item, answer, task) {
  return el("div", { class: "of" }, el("strong", {}, answerName(task, answer)), el("div", {}, ...passages(item.answers[answer])));
}
