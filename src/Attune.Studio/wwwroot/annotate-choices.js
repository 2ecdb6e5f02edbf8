// The choices that a single key makes. No DOM access.

/** Names of the degrees of "better", by the number of levels of the scale and by strength. */
export const degreeNames = {
  4: ["barely better or unsure", "slightly better", "better", "much better"],
  7: [null, "slightly better", "better", "much better"],
  9: [null, "slightly better", "better", "much better", "far better"],
};

/** @returns a list of {keys, name, short, side, verdict}; side is a, b, tie or bad. */
export function choicesOf({ task, strengthLevels: levels, ties, allBad }) {
  const verdict = { outcome: "AllBad", ranks: null, strength: null };
  const bad = { keys: ["x"], name: task === "Pairwise" ? "Both bad" : "All bad", side: "bad", verdict };
  const all = task !== "Pairwise" ? [bad] : levels === 0 ? choicesWithoutScale(bad) : [...choicesOnScale(levels), bad];
  return all.filter(choice => (ties || choice.side !== "tie") && (allBad || choice.side !== "bad"));
}

const tie = keys => ({ keys, name: "Equally good", side: "tie", verdict: ranked([0, 0], null) });

const ranked = (ranks, strength) => ({ outcome: "Ranked", ranks, strength });

function choicesWithoutScale(bad) {
  return [
    { keys: ["ArrowLeft", "a", "1"], name: "A is better", side: "a", verdict: ranked([0, 1], null) },
    tie(["=", "0"]),
    bad,
    { keys: ["ArrowRight", "b", "2"], name: "B is better", side: "b", verdict: ranked([1, 0], null) },
  ];
}

/** From "A is much better" to "B is much better", with digit keys from left to right. Scales of 7 and 9 have the tie in the middle. */
function choicesOnScale(levels) {
  const strengths = degreeNames[levels].flatMap((degree, strength) => degree === null ? [] : [strength]);
  const middle = levels === 4 ? 0 : 1;
  return [
    ...strengths.toReversed().map((strength, at) => choiceOnScale(levels, "a", strength, at + 1)),
    tie(middle ? [`${strengths.length + 1}`, "=", "0"] : ["=", "0"]),
    ...strengths.map((strength, at) => choiceOnScale(levels, "b", strength, strengths.length + middle + at + 1)),
  ];
}

function choiceOnScale(levels, side, strength, digit) {
  const degree = degreeNames[levels][strength];
  return {
    keys: [`${digit}`], name: `${side.toUpperCase()} is ${degree}`, short: degree.replace("better or", "or"), side,
    verdict: ranked(side === "a" ? [0, 1] : [1, 0], strength),
  };
}
