// The card of one answer: its text, its rank, its rating.

import { chooseExtreme } from "./annotate-best-worst.js";
import { answerName } from "./annotate-describe.js";
import { ordinal } from "./annotate-order.js";
import { state } from "./annotate-state.js";
import { el, passages } from "./annotate-text.js";
import { rankNextOrRemove, rate } from "./annotate-verdict.js";

export function cardOf(passagesOfAnswer, answer) {
  const name = answerName(state.settings.task, answer);
  return el("article", { class: "answer", "data-answer": answer, "aria-labelledby": `name-${answer}` },
    header(answer, name),
    el("div", { class: "body" }, ...passages(passagesOfAnswer)),
    state.settings.ratingLevels > 0 ? levelButtons(answer, name) : null);
}

function header(answer, name) {
  const isRanking = state.settings.task === "Ranking";
  return el("header", isRanking ? { "data-drag": answer, "data-name": `Answer ${name}` } : {},
    el("h2", { id: `name-${answer}` }, el("span", { class: "hidden" }, "Answer "), el("span", { class: "letter" }, name)),
    el("span", { class: "said" }),
    isRanking ? rankButton(answer) : null,
    ...(state.settings.task === "BestWorst" ? ["best", "worst"].map(role => extremeButton(answer, name, role)) : []));
}

function extremeButton(answer, name, role) {
  return el("button", {
    class: "quiet extreme", value: role, "aria-label": `${name} is the ${role}`, onclick: () => chooseExtreme(answer, role),
  }, role === "best" ? "Best" : "Worst");
}

function rankButton(answer) {
  const key = answer < 9 ? answer + 1 : null;
  return el("button", { class: "quiet place", "aria-keyshortcuts": key, onclick: () => rankNextOrRemove(answer, false) });
}

function levelButtons(answer, name) {
  const levels = Array.from({ length: state.settings.ratingLevels }, (_, at) => at + 1);
  return el("div", { class: "levels", role: "group", "aria-label": `Rating of ${name}, from 1 to ${levels.length}` },
    ...levels.map(level => el("button", { class: "quiet", value: level, onclick: () => rate(answer, level) }, `${level}`)));
}

/** Makes a card show the verdict entered so far. */
export function updateCard(card, tiers) {
  const { verdict, ratedAnswer } = state;
  const answer = Number(card.dataset.answer);
  const rank = verdict.outcome === "AllBad" ? -1 : tiers.findIndex(tier => tier.includes(answer));
  card.classList.toggle("chosen", rank === 0 && tiers.length > 1);
  card.classList.toggle("turn-of", ratedAnswer === answer);
  if (state.settings.task === "BestWorst")
    updateExtremes(card, verdict.outcome === "AllBad" ? null : verdict.ranks?.[answer]);
  else
    card.querySelector(".said").textContent = rank < 0 ? "" : describeRank(rank, tiers[rank].length > 1);
  updateRankButton(card.querySelector(".place"), answer, rank);
  for (const button of card.querySelectorAll(".levels button"))
    button.setAttribute("aria-pressed", `${verdict.ratings?.[answer] === Number(button.value)}`);
}

function updateExtremes(card, rank) {
  card.classList.toggle("chosen", rank === 0);
  card.classList.toggle("worst", rank === 2);
  card.querySelector(".said").textContent = { 0: "✓ best", 2: "✗ worst" }[rank] ?? "";
  for (const button of card.querySelectorAll(".extreme"))
    button.setAttribute("aria-pressed", `${rank === (button.value === "best" ? 0 : 2)}`);
}

function updateRankButton(button, answer, rank) {
  if (!button)
    return;
  button.textContent = rank < 0 ? "Rank next" : "Remove";
  button.setAttribute("aria-label", `${button.textContent}: answer ${answerName(state.settings.task, answer)}`);
}

function describeRank(rank, isTied) {
  if (state.settings.task !== "Pairwise")
    return `${ordinal(rank + 1)}${isTied ? ", tied" : ""}`;
  return isTied ? "equal" : rank === 0 ? "✓ better" : "";
}
