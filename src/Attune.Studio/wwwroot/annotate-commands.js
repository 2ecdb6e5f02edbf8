// The commands of the page: {keys, name, run, id, always}. The id is the data-command of a button; always: also available without an item.

import { decide, decideAsEntered } from "./annotate-decide.js";
import { flags } from "./annotate-describe.js";
import { writeIdeal } from "./annotate-details.js";
import { cancelChange, showHistory, undo } from "./annotate-history.js";
import { announce } from "./annotate-messages.js";
import { hasQuestions, markNextQuestion } from "./annotate-questions.js";
import { fetchItems } from "./annotate-queue.js";
import { state } from "./annotate-state.js";
import { $, el, kbd } from "./annotate-text.js";
import { clearOrder, moveRatedAnswer, removeLast, toggleFlag } from "./annotate-verdict.js";

/** All commands, in the order in which the dialog of keys lists them. */
export function createCommands() {
  return [...choiceCommands(), ...rankingCommands(), ...ratingCommands(), ...itemCommands(), ...pageCommands()];
}

const choiceCommands = () => state.choices.map(({ keys, name, verdict }) => ({ keys, name, run: () => decide(verdict) }));

function rankingCommands() {
  if (state.settings.task === "BestWorst")
    return [
      { keys: ["1–9"], name: "The best answer, then the worst; again to take it back" },
      { keys: ["c"], name: "Clear the choice", run: clearOrder },
    ];
  if (state.settings.task !== "Ranking")
    return [];
  const tie = { keys: ["="], name: "Tie the next answer with the last one (or hold Shift)", run: tieNextAnswer };
  return [
    { keys: ["1–9"], name: "Rank this answer next, or remove it" },
    ...(state.settings.ties ? [tie] : []),
    { keys: ["Backspace"], name: "Remove the last answer", run: removeLast },
    { keys: ["c"], name: "Clear the ranking", run: clearOrder },
  ];
}

function tieNextAnswer() {
  state.tieNext = true;
  announce("Tie with the last one: choose an answer.");
}

function ratingCommands() {
  if (state.settings.task === "Rating")
    return [
      { keys: ["1–9"], name: "Rating of the marked answer" },
      { keys: ["ArrowUp"], name: "Mark the previous answer", run: () => moveRatedAnswer(-1) },
      { keys: ["ArrowDown"], name: "Mark the next answer", run: () => moveRatedAnswer(1) },
    ];
  return state.settings.ratingLevels > 0 ? [{ keys: ["l"], name: "Rate the answers with digit keys", run: rateByDigits }] : [];
}

function rateByDigits() {
  state.ratedAnswer = 0;
  state.view.renderVerdict();
  announce(`Rate each answer from 1 to ${state.settings.ratingLevels}; press Escape to stop.`);
}

function itemCommands() {
  return [
    ...(hasQuestions() ? [{ keys: ["q"], name: "Next question", run: markNextQuestion }] : []),
    { keys: ["Enter"], name: "Save", run: decideAsEntered },
    { id: "undo", keys: ["u"], name: "Undo the last decision", run: undo, always: true },
    { id: "skip", keys: ["s"], name: "Skip", run: () => $("skip").showModal() },
    ...flags.map(({ flag, key, name }) => ({ keys: [key], name: `Flag: ${name.toLowerCase()}`, run: () => toggleFlag(flag) })),
    ...($("rationale") ? [{ keys: ["r"], name: "Write a reason", run: () => $("rationale").focus() }] : []),
    ...($("ideal") ? [{ id: "ideal", keys: ["i"], name: "Write a better answer", run: writeIdeal }] : []),
    { keys: ["e"], name: "Show long texts in full, unfold reasoning and tool calls", run: showLongTexts },
  ];
}

function showLongTexts() {
  const folded = [...state.root.querySelectorAll("#item details.fold")];
  const open = folded.some(part => !part.open);
  folded.forEach(part => part.open = open);
  state.root.querySelectorAll("#item [data-all]").forEach(button => button.click());
}

function pageCommands() {
  return [
    { id: "history", keys: ["h"], name: "Your last decisions", run: showHistory, always: true },
    { id: "guidelines", keys: ["g"], name: "Guidelines", run: () => $("guidelines").showModal(), always: true },
    { id: "keys", keys: ["?"], name: "Keyboard shortcuts", run: () => $("keys").showModal(), always: true },
    { keys: ["Escape"], name: "Leave a field, a dialog or a change", run: leave, always: true },
    { id: "again", keys: [], run: fetchItems, always: true },
  ];
}

function leave() {
  if (state.ratedAnswer !== null && state.settings.task !== "Rating")
    state.ratedAnswer = null;
  else
    cancelChange();
  if (state.current)
    state.view.renderVerdict();
}

/** Connects the buttons of the page to their commands, and shows their keys. */
export function connectButtons(commands) {
  for (const button of state.root.querySelectorAll("[data-command]")) {
    const { keys, run } = commands.find(command => command.id === button.dataset.command);
    button.addEventListener("click", run);
    if (keys.length > 0) {
      button.setAttribute("aria-keyshortcuts", keys.join(" "));
      button.append(" ", kbd(keys[0]));
    }
  }
}

/** Lists the keys in their dialog, where screen readers should read them. */
export function listKeys(commands) {
  $("keys").querySelector("dl").append(...commands.filter(command => command.keys.length > 0).map(({ keys, name }) =>
    el("div", {}, el("dt", {}, ...keys.map(key => readable(kbd(key)))), el("dd", {}, name))));
}

function readable(element) {
  element.removeAttribute("aria-hidden");
  return element;
}
