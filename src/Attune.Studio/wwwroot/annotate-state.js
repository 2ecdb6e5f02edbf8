// The state of the annotation page: every mutable value that its modules share, in one object.

import { choicesOf } from "./annotate-choices.js";
import { Clock } from "./annotate-clock.js";
import { Memory } from "./annotate-memory.js";

export const state = {
  // Set once, at the start.
  root: null,             // the root element of the page
  settings: null,         // {project, person, task, strengthLevels, ratingLevels, ties, allBad, questions}
  choices: [],            // see choicesOf
  memory: null,
  clock: null,
  outbox: null,
  view: null,             // {renderItem, renderVerdict}, set by annotate.js; modules that change the state import no module that renders
  formToken: "",          // renewed when the annotator signs in again

  // Items.
  current: null,          // the item on the screen; has a token, or the decision being changed
  upcoming: [],           // items that follow the current one
  decided: new Map(),     // by token: items decided since the page was opened
  fetching: null,         // promise of the running request for items
  fetchAgain: false,      // whether another request follows the running one
  fetchTimer: 0,

  // What the annotator has entered about the current item.
  verdict: null,          // ranks and ratings in the order shown
  ratedAnswer: null,      // the answer that digit keys rate; null where digit keys do something else
  question: 0,            // the index of the question that is marked
  tieNext: false,         // whether the next ranked answer is tied with the last one

  // Saving.
  savedCount: 0,          // decisions saved since the page was opened
  project: null,          // {decisions, wanted} of the whole project
  undoing: false,
  withdrawing: null,      // the id of the decision of an undo that has no response yet
  signedOut: false,
};

export function initializeState(root) {
  const settings = JSON.parse(root.dataset.setup);
  Object.assign(state, {
    root, settings,
    choices: choicesOf(settings),
    memory: new Memory(`attune/${settings.person}/${settings.project}/`),
    clock: new Clock(),
    formToken: document.querySelector("meta[name=form-token]").content,
  });
}
