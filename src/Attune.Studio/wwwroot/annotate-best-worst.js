// Best–worst choices: the best answer has rank 0, the worst rank 2, and all others rank 1 when both are chosen.

import { answerName } from "./annotate-describe.js";
import { verdictChanged } from "./annotate-drafts.js";
import { announce } from "./annotate-messages.js";
import { state } from "./annotate-state.js";

/**
 * Chooses an answer as best or worst, or takes the choice back.
 * @param role "best" or "worst"; without it, the first answer is the best and the next one the worst
 */
export function chooseExtreme(answer, role = null) {
  const { verdict, current: { answers }, settings: { task } } = state;
  const chosen = { best: verdict.ranks?.indexOf(0) ?? -1, worst: verdict.ranks?.indexOf(2) ?? -1 };
  role ??= chosen.worst === answer ? "worst" : chosen.best < 0 || chosen.best === answer ? "best" : "worst";
  const other = role === "best" ? "worst" : "best";
  chosen[role] = chosen[role] === answer ? -1 : answer;
  if (chosen[other] === answer)
    chosen[other] = -1;
  const isComplete = chosen.best >= 0 && chosen.worst >= 0;
  verdict.ranks = chosen.best < 0 && chosen.worst < 0 ? null
    : answers.map((_, at) => at === chosen.best ? 0 : at === chosen.worst ? 2 : isComplete ? 1 : null);
  verdict.outcome = isComplete ? "BestWorst" : null;
  verdictChanged();
  announce(`Answer ${answerName(task, answer)}: ${chosen[role] === answer ? role : `not the ${role}`}`
    + (isComplete ? ". Press Enter to save." : ""));
}
