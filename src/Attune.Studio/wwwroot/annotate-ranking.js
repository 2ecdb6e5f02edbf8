// The order of the answers in a ranking task: a row of chips, moved by dragging, clicking or arrow keys.

import { answerName } from "./annotate-describe.js";
import { drop, ordinal, step, tiersOf, without } from "./annotate-order.js";
import { state } from "./annotate-state.js";
import { $, el } from "./annotate-text.js";
import { rankNextOrRemove, setTiers } from "./annotate-verdict.js";

/** Renders the order if the page shows one; the focus stays on its answer. */
export function renderOrder(tiers) {
  const order = $("order");
  if (!order)
    return;
  const focused = document.activeElement?.dataset?.chip;
  order.replaceChildren(
    ...tiers.flatMap((tier, at) => [gap(at), tierElement(tier, at)]),
    tiers.length > 0 ? gap(tiers.length) : emptyGap(),
    unrankedAnswers(tiers));
  if (focused)
    order.querySelector(`[data-chip="${focused}"]`)?.focus();
}

function tierElement(tier, at) {
  const place = ordinal(at + 1);
  return el("div", { class: "tier", "data-drop": state.settings.ties ? `tie:${at}` : `new:${at}` },
    el("span", { class: "rank" }, place), ...tier.map(answer => chip(answer, `${place}${tier.length > 1 ? ", tied" : ""}`)));
}

const gap = at => el("span", { class: "gap", "data-drop": `new:${at}` });

function emptyGap() {
  return el("span", { class: "gap empty hint", "data-drop": "new:0" },
    "Press number keys or “Rank next”, best first; or drag answers here");
}

function unrankedAnswers(tiers) {
  const unranked = state.current.answers.map((_, answer) => answer).filter(answer => !tiers.some(tier => tier.includes(answer)));
  return el("div", { class: "tray", "data-drop": "tray" },
    el("span", { class: "rank" }, unranked.length > 0 ? "Not ranked" : "All ranked"),
    ...unranked.map(answer => chip(answer, "not ranked")));
}

function chip(answer, place) {
  const name = answerName(state.settings.task, answer);
  return el("button", {
    class: "chip", "data-chip": answer, "data-drag": answer, "data-name": `Answer ${name}`, "aria-label": `Answer ${name}, ${place}`,
    "aria-keyshortcuts": "ArrowLeft ArrowRight", onclick: () => rankNextOrRemove(answer, false), onkeydown: moveByArrow,
  }, name);
}

function moveByArrow(event) {
  const by = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
  if (!by)
    return;
  event.preventDefault();
  event.stopPropagation();
  const answer = Number(event.target.dataset.chip);
  setTiers(step(tiersOf(state.verdict.ranks), answer, by, state.settings.ties), answer);
}

/**
 * @param dragged index of the answer, as text
 * @param target "tray", "tie:TIER" or "new:TIER"
 */
export function dropAnswer(dragged, target) {
  const [answer, tiers, [kind, at]] = [Number(dragged), tiersOf(state.verdict.ranks), target.split(":")];
  setTiers(kind === "tray" ? without(tiers, answer) : drop(tiers, answer, Number(at), kind === "tie"), answer);
}
