// Additions to a verdict: flags, a reason (rationale), a better answer (ideal).

import { answerName, flags } from "./annotate-describe.js";
import { verdictChanged } from "./annotate-drafts.js";
import { state } from "./annotate-state.js";
import { $, el, kbd } from "./annotate-text.js";
import { toggleFlag } from "./annotate-verdict.js";

const MaxFieldHeight = 400;     // pixels
const MaxIdealLength = 100_000;

export function addFlagButtons() {
  $("flags").append(...flags.map(({ flag, key, name }) =>
    el("button", { class: "quiet", "data-flag": flag, "aria-keyshortcuts": key, onclick: () => toggleFlag(flag) }, kbd(key), ` ${name}`)));
}

export function updateFlags() {
  for (const button of state.root.querySelectorAll("[data-flag]"))
    button.setAttribute("aria-pressed", `${state.verdict.flags.includes(button.dataset.flag)}`);
}

/** The text fields that the project asks for. */
const fields = () => ["rationale", "ideal"].map($).filter(field => field);

export function listenToFields() {
  for (const field of fields())
    field.addEventListener("input", () => {
      state.verdict[field.id] = field.value;
      fitHeight(field);
      verdictChanged();
    });
}

export function renderDetails() {
  for (const field of fields()) {
    field.value = state.verdict[field.id] ?? "";
    fitHeight(field);
  }
  if ($("better"))
    showIdealField(Boolean(state.verdict.ideal));
  $("beginnings")?.replaceChildren(...state.current.answers.map((_, answer) =>
    el("button", { class: "quiet", onclick: () => startIdealWith(answer) }, `Start with ${answerName(state.settings.task, answer)}`)));
}

function fitHeight(field) {
  field.style.height = "auto";
  field.style.height = `${Math.min(field.scrollHeight + 2, MaxFieldHeight)}px`;
}

function showIdealField(isOpen) {
  $("better").hidden = !isOpen;
  state.root.querySelector("[data-command=ideal]").setAttribute("aria-expanded", `${isOpen}`);
  if (isOpen)
    fitHeight($("ideal"));
}

export function writeIdeal() {
  showIdealField(true);
  $("ideal").focus();
}

function startIdealWith(answer) {
  const text = state.current.answers[answer].map(passage => passage.text).join("\n\n");
  state.verdict.ideal = $("ideal").value = text.slice(0, MaxIdealLength);
  verdictChanged();
  writeIdeal();
  fitHeight($("ideal"));
}
