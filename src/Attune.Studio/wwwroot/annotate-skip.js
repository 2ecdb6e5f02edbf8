// The dialog in which the annotator says why an item is skipped.

import { decide } from "./annotate-decide.js";
import { $, isField } from "./annotate-text.js";

export function listenToSkipDialog() {
  for (const button of reasonButtons())
    button.addEventListener("click", () => skip(button.value));
  $("skip").querySelector("[data-close]").addEventListener("click", () => $("skip").close());
  $("skip").querySelector("form").addEventListener("submit", event => {
    event.preventDefault();
    skip(event.target.querySelector("input").value);
  });
  $("skip").addEventListener("keydown", pressReasonByDigit);
}

const reasonButtons = () => $("skip").querySelectorAll(".reasons button");

function skip(reason) {
  $("skip").close();
  $("skip").querySelector("input").value = "";
  decide({ outcome: "Skipped", skipReason: reason });
}

function pressReasonByDigit(event) {
  const button = isField(event.target) ? null : reasonButtons()[Number(event.key) - 1];
  if (button) {
    event.preventDefault();
    button.click();
  }
}
