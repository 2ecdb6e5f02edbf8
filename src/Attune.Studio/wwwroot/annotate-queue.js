// The queue of items: fetched in advance, shown one after the other.

import { tryCall } from "./annotate-api.js";
import { removeOtherDrafts } from "./annotate-drafts.js";
import { describeRound } from "./annotate-known.js";
import { showProblem, showSignedOut } from "./annotate-messages.js";
import { showOwnCount, updateProgress } from "./annotate-progress.js";
import { showItem, showSection } from "./annotate-screen.js";
import { state } from "./annotate-state.js";
import { $ } from "./annotate-text.js";

const RetryDelay = 3_000;
const HeldItemsDelay = 200;
const NothingOpenDelay = 60_000;

/** Fetches the next items. While a request is running, another one is made after it. */
export function fetchItems() {
  clearTimeout(state.fetchTimer);
  state.fetchAgain = state.fetching !== null;
  state.fetching ??= requestItems().finally(() => {
    state.fetching = null;
    if (state.fetchAgain)
      fetchItems();
  });
}

function fetchLater(delay) {
  clearTimeout(state.fetchTimer);
  state.fetchTimer = setTimeout(fetchItems, delay);
}

async function requestItems() {
  const savedBefore = state.savedCount;
  const { status, body } = await tryCall("POST", "next", { count: state.outbox.size + 2 });
  if (status !== 200) {
    if (!state.current)
      showFetchFailure(status, body);
    fetchLater(RetryDelay);
    return;
  }
  state.upcoming = body.items.filter(isStillOpen);
  if (state.savedCount === savedBefore)       // otherwise this count is outdated
    showOwnCount(body.mine);
  removeOtherDrafts(body.items);
  if (!state.current)
    showFirst(body);
}

function showFetchFailure(status, body) {
  if (status === 401)
    showSignedOut();
  else
    showProblem(body?.error ?? "The studio cannot be reached. Trying again.");
}

const isStillOpen = ({ token }) => token !== state.current?.token && !state.decided.has(token) && !state.outbox.has(token);

function showFirst({ standing, round }) {
  if (state.upcoming.length > 0)
    showItem(state.upcoming.shift());
  else if (standing === "Open")
    fetchLater(HeldItemsDelay);     // the assigned items were decided while the request was running
  else
    showNothingOpen(standing, round);
}

function showNothingOpen(standing, round) {
  $("round").textContent = round ? describeRound(round) : "";
  showSection(standing === "NotCalibrated" ? $("uncalibrated") : $("done"));
  updateProgress();
  fetchLater(NothingOpenDelay);
}

/** Shows the next item in place of the current one. */
export function showNext() {
  state.current = null;
  if (state.upcoming.length > 0)
    showItem(state.upcoming.shift());
  else
    showSection(null);
  fetchItems();
}
