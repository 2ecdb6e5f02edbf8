// Verdicts, answers and flags as text for people. No DOM access.

import { degreeNames } from "./annotate-choices.js";
import { ordinal, tiersOf } from "./annotate-order.js";

/** The flags that an annotator can set, each with its key. */
export const flags = [
  { flag: "Unsafe", key: "n", name: "Unsafe" },
  { flag: "Broken", key: "k", name: "Broken" },
  { flag: "PersonalData", key: "p", name: "Personal data" },
];

export const flagName = flag => flags.find(each => each.flag === flag).name;

/** Answers have numbers where digit keys rank or choose them; other answers have letters. */
export function answerName(task, answer) {
  return task === "Ranking" || task === "BestWorst" ? `${answer + 1}` : String.fromCharCode(65 + answer);
}

/** @param verdict as the studio sends it */
export function describeVerdict(verdict, settings) {
  const others = Object.entries(verdict.judgments ?? {});
  const first = describeJudgment(verdict, settings);
  const parts = others.length === 0 ? [first]
    : [`${settings.questions[0].key}: ${first}`, ...others.map(([key, own]) => `${key}: ${describeJudgment(own, settings)}`)];
  return [...parts, ...verdict.flags.map(flagName)].join(" · ");
}

export function describeJudgment(verdict, { task, strengthLevels }) {
  switch (verdict.outcome) {
    case "Skipped": return verdict.skipReason ? `Skipped: ${verdict.skipReason}` : "Skipped";
    case "AllBad": return task === "Pairwise" ? "Both bad" : "All bad";
    case "BestWorst": return `Best ${verdict.ranks.indexOf(0) + 1}, worst ${verdict.ranks.indexOf(2) + 1}`;
    case "Rated": return verdict.ratings.map((level, answer) => `${answerName(task, answer)}: ${level}`).join(", ");
    default: return task === "Pairwise" ? describePair(verdict, strengthLevels) : describeOrder(verdict.ranks, task);
  }
}

function describePair({ ranks: [a, b], strength }, levels) {
  return a === b ? "Equally good" : `${a < b ? "A" : "B"} is ${degreeNames[levels]?.[strength] ?? "better"}`;
}

export function describeOrder(ranks, task) {
  return tiersOf(ranks).map((tier, rank) => `${ordinal(rank + 1)} ${tier.map(answer => answerName(task, answer)).join(" = ")}`).join(", ");
}
