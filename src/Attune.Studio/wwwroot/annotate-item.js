// Renders the current item and the verdict entered so far.

import { cardOf, updateCard } from "./annotate-card.js";
import { renderChoices, updateChoices } from "./annotate-choice-bar.js";
import { describeVerdict } from "./annotate-describe.js";
import { renderDetails, updateFlags } from "./annotate-details.js";
import { tiersOf } from "./annotate-order.js";
import { questionText, renderQuestions } from "./annotate-questions.js";
import { renderOrder } from "./annotate-ranking.js";
import { state } from "./annotate-state.js";
import { $, el, passages } from "./annotate-text.js";

const questions = {
  Pairwise: "Which answer is better?",
  Ranking: "Put the answers in order, best first",
  BestWorst: "Which answer is the best, and which the worst?",
  Rating: "How good is each answer? 1 is the worst.",
};

export function renderItem() {
  const { current, settings: { task } } = state;
  renderSentBack(current.sentBack);
  $("prompt").replaceChildren(...passages(current.prompt));
  $("answers").replaceChildren(...current.answers.map(cardOf));
  $("answers").className = `answers ${task.toLowerCase()} ${current.answers.length === 2 ? "two" : "more"}`;
  renderDetails();
  renderChoices();
  renderVerdict();
}

function renderQuestionText() {
  const { current, settings: { task } } = state;
  const text = questionText();
  $("ask").textContent = current.decision
    ? `Change an earlier decision: ${text ?? questions[task].toLowerCase()}` : text ?? questions[task];
}

/** The reviewer's reason, where the item was sent back. */
function renderSentBack(sentBack) {
  $("sent-back").hidden = !sentBack;
  $("sent-back").replaceChildren(...(sentBack ? [
    el("p", {}, "A reviewer sent this item back to you. Your decision was: ", describeVerdict(sentBack.verdict, state.settings), "."),
    el("p", { class: "text", dir: "auto" }, sentBack.reason),
  ] : []));
}

export function renderVerdict() {
  const tiers = tiersOf(state.verdict.ranks);
  for (const card of $("answers").children)
    updateCard(card, tiers);
  updateFlags();
  updateChoices();
  renderOrder(tiers);
  renderQuestions();
  renderQuestionText();
  state.root.classList.toggle("rating", state.ratedAnswer !== null);
}
