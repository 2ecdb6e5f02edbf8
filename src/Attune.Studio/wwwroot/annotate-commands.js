// The commands of the page: {keys, name, run, id, always}. The id is that of a button's data-command; always means without an item, too.

import { decide, decideAsEntered } from "./annotate-decide.js";
import { flags } from "./annotate-describe.js";
import { writeIdeal } from "./annotate-details.js";
import { cancelChange, showHistory, undo } from "./annotate-history.js";
import { announce } from "./annotate-messages.js";
import { fetchItems } from "./annotate-queue.js";
import { state } from "./annotate-state.js";
import { $, el, kbd } from "./annotate-text.js";
import { clearOrder, moveRatedAnswer, takeOutLast, toggleFlag } from "./annotate-verdict.js";

/** All commands, in the order in which the dialog of keys lists them. */
export function createCommands() {
  return [...choiceCommands(), ...rankingCommands(), ...ratingCommands(), ...itemCommands(), ...pageCommands()];
}

const choiceCommands = () => state.choices.map(({ keys, name, verdict }) => ({ keys, name, run: () => decide(verdict) }));

function rankingCommands() {
  if (state.settings.task !== "Ranking")
    return [];
  const tie = { keys: ["="], name: "The next answer is as good as the last one (so does Shift)", run: tieNextAnswer };
  return [
    { keys: ["1–9"], name: "Rank this answer next, or take it out" },
    ...(state.settings.ties ? [tie] : []),
    { keys: ["Backspace"], name: "Take the last one out", run: takeOutLast },
    { keys: ["c"], name: "Clear the order", run: clearOrder },
  ];
}

function tieNextAnswer() {
  state.tieNext = true;
  announce("Tied with the last one: which answer?");
}

function ratingCommands() {
  if (state.settings.task === "Rating")
    return [
      { keys: ["1–9"], name: "The level of the marked answer" },
      { keys: ["ArrowUp"], name: "Mark the answer before", run: () => moveRatedAnswer(-1) },
      { keys: ["ArrowDown"], name: "Mark the next answer", run: () => moveRatedAnswer(1) },
    ];
  return state.settings.ratingLevels > 0 ? [{ keys: ["l"], name: "Rate the answers by digits", run: rateByDigits }] : [];
}

function rateByDigits() {
  state.ratedAnswer = 0;
  state.view.renderVerdict();
  announce(`Levels 1 to ${state.settings.ratingLevels}, for each answer in turn; Escape ends it.`);
}

function itemCommands() {
  return [
    { keys: ["Enter"], name: "Save what is chosen", run: decideAsEntered },
    { id: "undo", keys: ["u"], name: "Take the last answer back", run: undo, always: true },
    { id: "skip", keys: ["s"], name: "Skip", run: () => $("skip").showModal() },
    ...flags.map(({ flag, key, name }) => ({ keys: [key], name: `Flag: ${name.toLowerCase()}`, run: () => toggleFlag(flag) })),
    ...($("rationale") ? [{ keys: ["r"], name: "Write why", run: () => $("rationale").focus() }] : []),
    ...($("ideal") ? [{ id: "ideal", keys: ["i"], name: "Write a better answer", run: writeIdeal }] : []),
    { keys: ["e"], name: "Show all of long texts", run: showLongTexts },
  ];
}

function showLongTexts() {
  state.root.querySelectorAll("#item [data-all]").forEach(button => button.click());
}

function pageCommands() {
  return [
    { id: "history", keys: ["h"], name: "Your last answers, to change them", run: showHistory, always: true },
    { id: "guidelines", keys: ["g"], name: "Guidelines", run: () => $("guidelines").showModal(), always: true },
    { id: "keys", keys: ["?"], name: "These keys", run: () => $("keys").showModal(), always: true },
    { keys: ["Escape"], name: "Leave a field, a dialog, a change", run: leave, always: true },
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

/** Connects the buttons of the frame to their commands, and shows their keys. */
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

/** Lists the keys in their dialog, where a screen reader reads them. */
export function listKeys(commands) {
  $("keys").querySelector("dl").append(...commands.filter(command => command.keys.length > 0).map(({ keys, name }) =>
    el("div", {}, el("dt", {}, ...keys.map(key => readable(kbd(key)))), el("dd", {}, name))));
}

function readable(element) {
  element.removeAttribute("aria-hidden");
  return element;
}
