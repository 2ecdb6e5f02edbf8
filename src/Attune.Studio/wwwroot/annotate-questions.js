// Several questions about one item. The verdict on the screen has the fields of the question that is marked; its judgments have
// those of all other questions. The studio gets and sends the fields of the first question, and the judgments of the others.

import { describeJudgment } from "./annotate-describe.js";
import { firstUnrated } from "./annotate-order.js";
import { state } from "./annotate-state.js";
import { $, el } from "./annotate-text.js";

const blank = { outcome: null, ranks: null, strength: null, ratings: null };

const keys = () => state.settings.questions.map(({ key }) => key);

export const hasQuestions = () => keys().length > 1;

const judgmentOf = ({ outcome, ranks, strength, ratings }) => ({ outcome, ranks, strength, ratings });

/** @returns whether the judgment needs nothing more: a ranking or ratings may be begun and not complete. */
function isDecided(judgment) {
  const { task } = state.settings;
  if (judgment.outcome === "AllBad" || task === "Pairwise" || task === "BestWorst")
    return Boolean(judgment.outcome);
  const values = (task === "Rating" ? judgment.ratings : judgment.ranks) ?? [];
  const given = values.filter(value => value !== null).length;
  return task === "Rating" ? given > 0 && given === values.length : given >= 2;
}

/** The judgment of the question at an index. */
const judgmentAt = at => judgmentOf(at === state.question ? state.verdict : state.verdict.judgments?.[keys()[at]] ?? blank);

/** The verdict as the studio gets it. */
export function toSent(verdict) {
  if (!hasQuestions())
    return { ...verdict, judgments: null };
  const all = keys().map((key, at) => [key, at === state.question ? judgmentOf(verdict) : verdict.judgments?.[key] ?? blank]);
  const [[, first], ...others] = all.map(([key, judgment]) => [key, completed(judgment)]);
  return verdict.outcome === "Skipped" ? { ...verdict, judgments: null } : { ...verdict, ...first, judgments: Object.fromEntries(others) };
}

/** Sets the outcome that ranks or ratings imply. */
function completed(judgment) {
  const { task } = state.settings;
  return judgment.outcome === "AllBad" || task === "Pairwise" || task === "BestWorst" ? judgment
    : { ...judgment, outcome: task === "Rating" ? "Rated" : "Ranked", strength: null };
}

/** Takes a verdict as the studio sends it, and marks the first question without a decision. */
export function startQuestions() {
  state.question = 0;
  const open = keys().findIndex((_, at) => !isDecided(judgmentAt(at)));
  if (hasQuestions() && open > 0)
    exchange(open);
}

/** Marks the question at an index: its judgment and that of the marked one change places. */
function exchange(at) {
  const { verdict } = state;
  const judgment = judgmentAt(at);
  verdict.judgments = { ...verdict.judgments, [keys()[state.question]]: judgmentOf(verdict) };
  delete verdict.judgments[keys()[at]];
  Object.assign(verdict, judgment);
  state.question = at;
  state.tieNext = false;
}

export function markQuestion(at) {
  exchange(at);
  state.ratedAnswer = state.settings.task === "Rating" ? firstUnrated(state.verdict.ratings) : null;
  state.view.renderVerdict();
}

export const markNextQuestion = () => markQuestion((state.question + 1) % keys().length);

/**
 * Enters a choice for the marked question and marks the next one without a decision.
 * @param isConfirmed whether the annotator saves explicitly, which also leaves a verdict that was complete before
 * @returns whether the item stays on the screen
 */
export function decideQuestion(change, isConfirmed) {
  if (!hasQuestions() || change.outcome === "Skipped")
    return false;
  const wasComplete = keys().every((_, at) => isDecided(judgmentAt(at)));
  Object.assign(state.verdict, change);
  const open = keys().findIndex((_, at) => !isDecided(judgmentAt(at)));
  if (open < 0 && (isConfirmed || !wasComplete))
    return false;
  if (open >= 0)
    markQuestion(open);
  return true;
}

/** The text of the marked question; null where the project has one question without a text. */
export const questionText = () => state.settings.questions[state.question]?.text ?? null;

/** Shows all questions with their decisions. */
export function renderQuestions() {
  $("questions").hidden = !hasQuestions();
  if (hasQuestions())
    $("questions").replaceChildren(...keys().map(questionButton));
}

function questionButton(key, at) {
  const judgment = judgmentAt(at);
  return el("button", {
    class: "quiet", "aria-current": at === state.question ? "step" : null, title: state.settings.questions[at].text,
    onclick: () => markQuestion(at),
  }, el("b", {}, key), " ", el("span", {}, isDecided(judgment) ? describeJudgment(completed(judgment), state.settings) : "–"));
}
