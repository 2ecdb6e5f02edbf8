// The number of decisions of the annotator and of the whole project.

import { tryCall } from "./annotate-api.js";
import { state } from "./annotate-state.js";
import { $ } from "./annotate-text.js";

export function showOwnCount(count) {
  $("mine").textContent = `${count.toLocaleString("en")} by you`;
}

export async function updateProgress() {
  const savedBefore = state.savedCount;
  const { status, body } = await tryCall("GET", "progress");
  if (status !== 200)
    return;
  if (state.savedCount === savedBefore)       // otherwise this count is outdated
    showOwnCount(body.mine);
  $("whole").textContent = `${body.decisions.toLocaleString("en")} of ${body.wanted.toLocaleString("en")} in the project`;
  Object.assign($("progress"), { max: Math.max(1, body.wanted), value: body.decisions });
}
