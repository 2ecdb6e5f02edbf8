// What can be said of an item, and how it is said in words. Nothing here touches the page.

import { ordinal, tiersOf } from "./annotate-order.js";

// How much better, by strength as it is kept.
const Degrees = {
  4: ["barely better, or unsure", "slightly better", "better", "much better"],
  7: [null, "slightly better", "better", "much better"],
  9: [null, "slightly better", "better", "much better", "far better"],
};

const Flags = { Unsafe: "Unsafe", Broken: "Broken", PersonalData: "Personal data" };

/** The flags with their keys. */
export const flags = [["Unsafe", "n"], ["Broken", "k"], ["PersonalData", "p"]].map(([flag, key]) => ({ flag, key, name: Flags[flag] }));

/** Answers of an order have numbers, for digits put them in order; the others have letters, for digits say how good they are. */
export function nameOf(task, answer) {
  return task === "Ranking" ? `${answer + 1}` : String.fromCharCode(65 + answer);
}

/** What one key says: {keys, name, short, side, verdict}. The side is a, b, tie or bad. */
export function choicesOf({ task, strengthLevels: levels, ties, allBad }) {
  const bad = { keys: ["x"], name: task === "Pairwise" ? "Both bad" : "All bad", side: "bad", verdict: { outcome: "AllBad", ranks: null, strength: null } };
  const all = task !== "Pairwise" ? [bad] : levels === 0 ? plain(bad) : [...scale(levels), bad];
  return all.filter(choice => (ties || choice.side !== "tie") && (allBad || choice.side !== "bad"));
}

const tie = keys => ({ keys, name: "Equally good", side: "tie", verdict: ranked([0, 0], null) });

const ranked = (ranks, strength) => ({ outcome: "Ranked", ranks, strength });

function plain(bad) {
  return [
    { keys: ["ArrowLeft", "a", "1"], name: "A is better", side: "a", verdict: ranked([0, 1], null) },
    tie(["=", "0"]),
    bad,
    { keys: ["ArrowRight", "b", "2"], name: "B is better", side: "b", verdict: ranked([1, 0], null) },
  ];
}

/** The strongest for A first, the strongest for B last, digits from left to right; a scale of 7 or 9 has the tie in its middle. */
function scale(levels) {
  const strengths = Degrees[levels].flatMap((degree, strength) => degree === null ? [] : [strength]);
  const middle = levels === 4 ? 0 : 1;
  const of = (side, strength, at) => ({
    keys: [`${at}`], name: `${side.toUpperCase()} is ${Degrees[levels][strength]}`, short: Degrees[levels][strength].replace("better, or", "or"), side,
    verdict: ranked(side === "a" ? [0, 1] : [1, 0], strength),
  });
  return [
    ...strengths.toReversed().map((strength, at) => of("a", strength, at + 1)),
    tie(middle ? [`${strengths.length + 1}`, "=", "0"] : ["=", "0"]),
    ...strengths.map((strength, at) => of("b", strength, strengths.length + middle + at + 1)),
  ];
}

/** A verdict in words. */
export function said(verdict, settings) {
  return [decision(verdict, settings), ...verdict.flags.map(flag => Flags[flag])].join(" · ");
}

function decision(verdict, settings) {
  const { task } = settings;
  switch (verdict.outcome) {
    case "Skipped": return verdict.skipReason ? `Skipped: ${verdict.skipReason}` : "Skipped";
    case "AllBad": return task === "Pairwise" ? "Both bad" : "All bad";
    case "Rated": return verdict.ratings.map((level, answer) => `${nameOf(task, answer)}: ${level}`).join(", ");
    default: return task === "Pairwise" ? ofPair(verdict, settings.strengthLevels) : orderInWords(verdict.ranks, task);
  }
}

function ofPair({ ranks: [a, b], strength }, levels) {
  return a === b ? "Equally good" : `${a < b ? "A" : "B"} is ${Degrees[levels]?.[strength] ?? "better"}`;
}

export function orderInWords(ranks, task) {
  return tiersOf(ranks).map((tier, rank) => `${ordinal(rank + 1)} ${tier.map(answer => nameOf(task, answer)).join(" = ")}`).join(", ");
}
