// The annotation page: the next items are fetched in advance, one key decides, and each decision is sent in the background.

import { call } from "./annotate-api.js";
import { connectButtons, createCommands, listKeys } from "./annotate-commands.js";
import { addFlagButtons, listenToFields } from "./annotate-details.js";
import { draggable } from "./annotate-drag.js";
import { updateDraft } from "./annotate-drafts.js";
import { renderItem, renderVerdict } from "./annotate-item.js";
import { listenToKeys } from "./annotate-keys.js";
import { showSaving } from "./annotate-messages.js";
import { Outbox } from "./annotate-outbox.js";
import { updateProgress } from "./annotate-progress.js";
import { fetchItems } from "./annotate-queue.js";
import { dropAnswer } from "./annotate-ranking.js";
import { decisionRefused, decisionSaved } from "./annotate-saved.js";
import { listenToSkipDialog } from "./annotate-skip.js";
import { initializeState, state } from "./annotate-state.js";
import { $ } from "./annotate-text.js";

start($("annotate"));

function start(root) {
  initializeState(root);
  state.view = { renderItem, renderVerdict };
  state.outbox = new Outbox(state.memory, call, { state: showSaving, saved: decisionSaved, refused: decisionRefused });
  listen(root);
  state.outbox.flush();
  updateProgress();
  fetchItems();
}

function listen(root) {
  const commands = createCommands();
  addFlagButtons();
  connectButtons(commands);
  listKeys(commands);
  listenToKeys(commands);
  listenToFields();
  listenToSkipDialog();
  draggable(root, dropAnswer);
  addEventListener("pagehide", updateDraft);
  addEventListener("beforeunload", event => state.outbox.size > 0 && event.preventDefault());
}
