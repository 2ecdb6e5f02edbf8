// The keyboard: which command a key runs, and what digits do.

import { chooseExtreme } from "./annotate-best-worst.js";
import { undo } from "./annotate-history.js";
import { state } from "./annotate-state.js";
import { $, isField } from "./annotate-text.js";
import { rankNextOrRemove, rate } from "./annotate-verdict.js";

export function listenToKeys(commands) {
  addEventListener("keydown", event => {
    if (event.defaultPrevented || event.isComposing || event.repeat || document.querySelector("dialog[open]"))
      return;
    if (isField(event.target))
      leaveField(event);
    else if (handleKey(event, commands))
      event.preventDefault();
  });
}

function leaveField(event) {
  if (event.key === "Escape")
    $("ask").focus({ preventScroll: true });
}

/** @returns whether the key did something. */
function handleKey(event, commands) {
  if ((event.ctrlKey || event.metaKey) && event.key === "z") {
    undo();
    return true;
  }
  const pressesFocused = event.key === "Enter" && event.target.closest("button, a");
  if (event.ctrlKey || event.metaKey || event.altKey || pressesFocused)
    return false;
  return handleDigit(event) || runCommand(event, commands);
}

/** The digit as typed, or by its place on keyboards where digits need Shift. */
const digitOf = event => /^[0-9]$/.test(event.key) ? event.key : /^Digit[0-9]$/.test(event.code) ? event.code.at(-1) : null;

function handleDigit(event) {
  const { current, ratedAnswer, settings: { task, ratingLevels } } = state;
  const digit = Number(digitOf(event));
  if (!current || !digit)
    return false;
  if (ratedAnswer !== null && digit <= ratingLevels)
    rate(ratedAnswer, digit);
  else if (task === "BestWorst" && digit <= current.answers.length)
    chooseExtreme(digit - 1);
  else if (task === "Ranking" && digit <= current.answers.length)
    rankNextOrRemove(digit - 1, state.tieNext || event.shiftKey);
  else
    return false;
  return true;
}

function runCommand(event, commands) {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const command = commandOf(key, commands) ?? commandOf(digitOf(event), commands);
  if (!command || (!state.current && !command.always))
    return false;
  command.run();
  return true;
}

const commandOf = (key, commands) => commands.find(command => command.run && command.keys.includes(key));
