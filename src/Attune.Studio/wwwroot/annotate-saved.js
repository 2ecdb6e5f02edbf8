// What happens after the studio has saved or refused a decision.

import { describeVerdict } from "./annotate-describe.js";
import { showKnownOrder } from "./annotate-known.js";
import { showProblem } from "./annotate-messages.js";
import { countInProject, showOwnCount, updateProgress } from "./annotate-progress.js";
import { fetchItems } from "./annotate-queue.js";
import { postponeCurrent, showItem } from "./annotate-screen.js";
import { state } from "./annotate-state.js";

export function decisionSaved(entry, { mine, known }) {
  showOwnCount(mine);
  state.withdrawing = null;
  if (entry.method === "POST")
    countInProject(entry.body.verdict, 1);
  if (++state.savedCount % 10 === 0)
    updateProgress();
  if (known)
    showKnownOrder(known, state.decided.get(entry.id));
  if (!state.current)
    fetchItems();
}

/** Shows an invalid decision again with everything that was entered; if its item is no longer on this page, keeps it as a draft. */
export function decisionRefused(entry, status, message, kept) {
  const item = state.decided.get(entry.id);
  if (status !== 400 && status !== 413)
    showProblem(kept ? `Not saved: ${message} Kept: ${describeVerdict(kept, state.settings)}.` : message);
  else if (item)
    showAgain(item, entry, message);
  else
    keepAsDraft(entry, message);
  if (!state.current)
    fetchItems();
}

function showAgain(item, { id, body: { verdict, seconds } }, message) {
  state.decided.delete(id);
  postponeCurrent();
  showItem({ ...item, verdict, seconds });
  showProblem(`Not saved: ${message}`);
}

function keepAsDraft({ id, body: { verdict, seconds } }, message) {
  state.memory.set(`draft:${id}`, { verdict, seconds: seconds ?? 0 });
  showProblem(`A decision was not saved: ${message}`);
}
