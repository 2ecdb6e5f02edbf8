// The number of decisions of the annotator and of the whole project.

import { tryCall } from "./annotate-api.js";
import { state } from "./annotate-state.js";
import { $ } from "./annotate-text.js";

export function showOwnCount(count) {
  $("mine").textContent = `${count.toLocaleString("en")} by you`;
}

/** Adds an own decision to the project's count; those of others are added when the count is fetched. */
export function countInProject(verdict, change) {
  if (state.project && verdict.outcome !== "Skipped")
    showProject(state.project.decisions + change, state.project.wanted);
}

export async function updateProgress() {
  const savedBefore = state.savedCount;
  const { status, body } = await tryCall("GET", "progress");
  if (status !== 200)
    return;
  if (state.savedCount !== savedBefore)       // this count is outdated
    return updateProgress();
  showOwnCount(body.mine);
  showProject(body.decisions, body.wanted);
}

function showProject(decisions, wanted) {
  state.project = { decisions, wanted };
  const most = Math.max(decisions, wanted);
  $("whole").textContent = `${decisions.toLocaleString("en")} of ${most.toLocaleString("en")} in the project`;
  Object.assign($("progress"), { max: Math.max(1, most), value: decisions });
}
