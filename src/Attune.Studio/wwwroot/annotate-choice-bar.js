// The bar of choices under the item: the buttons that decide.

import { decide, decideAsEntered } from "./annotate-decide.js";
import { state } from "./annotate-state.js";
import { $, el, kbd } from "./annotate-text.js";
import { clearOrder } from "./annotate-verdict.js";

export function renderChoices() {
  const { choices, settings: { task } } = state;
  const onScale = hasScale() ? choices.filter(isOnScale) : [];
  const others = choices.filter(choice => !onScale.includes(choice));
  $("choices").className = hasScale() ? "scale" : task.toLowerCase();
  $("choices").replaceChildren(
    ...(hasScale() ? scale(onScale) : []),
    ...(task === "Ranking" ? [el("div", { id: "order", role: "group", "aria-label": "Your ranking, best first" })] : []),
    el("div", { class: "others" }, ...others.map(choice => choiceButton(choice)),
      task === "Ranking" || task === "BestWorst" ? clearButton() : null, keepButton()));
}

const hasScale = () => state.settings.task === "Pairwise" && state.settings.strengthLevels > 0;

/** A scale of 4 levels has no middle, so its tie is a separate button. */
const isOnScale = ({ side }) => side === "a" || side === "b" || (side === "tie" && state.settings.strengthLevels !== 4);

function scale(choices) {
  return [
    el("div", { class: "ends", "aria-hidden": "true" }, el("span", {}, "← A is better"), el("span", {}, "B is better →")),
    el("div", { class: "steps" }, ...choices.map(choice => choiceButton(choice, stepNumber(choice)))),
  ];
}

function choiceButton(choice, tiny = null) {
  return el("button", {
    class: `choice ${choice.side}`, "data-choice": state.choices.indexOf(choice), "aria-label": choice.name,
    "aria-keyshortcuts": choice.keys.join(" "), onclick: () => decide(choice.verdict),
  }, kbd(choice.keys[0]), el("span", {}, choice.short ?? choice.name),
  tiny && el("span", { class: "tiny", "aria-hidden": "true" }, tiny));
}

/** What a narrow screen shows of a step: how much better, from the middle of the scale. */
function stepNumber({ side, verdict }) {
  return side === "tie" ? "=" : `${verdict.strength + (state.settings.strengthLevels === 4 ? 1 : 0)}`;
}

function clearButton() {
  return el("button", { class: "quiet", "data-command": "clear", onclick: clearOrder }, kbd("c"), el("span", {}, "Clear"));
}

function keepButton() {
  return el("button", { id: "keep", "aria-keyshortcuts": "Enter", onclick: decideAsEntered },
    kbd("Enter"), el("span", {}, "Save"));
}

/** Marks the choice that matches the verdict entered so far. */
export function updateChoices() {
  for (const button of $("choices").querySelectorAll("[data-choice]"))
    button.setAttribute("aria-pressed", `${isEntered(state.choices[button.dataset.choice].verdict)}`);
  $("keep").hidden = state.settings.task === "Pairwise" && !state.verdict.outcome;
}

function isEntered({ outcome, ranks, strength }) {
  const { verdict } = state;
  return verdict.outcome === outcome
    && (outcome === "AllBad" || (`${verdict.ranks}` === `${ranks}` && (verdict.strength ?? null) === strength));
}
