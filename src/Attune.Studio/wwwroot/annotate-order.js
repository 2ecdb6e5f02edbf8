// An order of answers as a list of tiers, best first; the answers of a tier are tied. No DOM access.

/** @param ranks by answer: 0 for the best, equal for ties, null for an answer that is not ranked */
export function tiersOf(ranks) {
  const levels = [...new Set((ranks ?? []).filter(rank => rank !== null))].sort((a, b) => a - b);
  return levels.map(level => ranks.flatMap((rank, answer) => rank === level ? [answer] : []));
}

export function ranksOf(tiers, count) {
  const at = Array.from({ length: count }, (_, answer) => tiers.findIndex(tier => tier.includes(answer)));
  return at.every(tier => tier < 0) ? null : at.map(tier => tier < 0 ? null : tier);
}

export function without(tiers, answer) {
  return tiers.map(tier => tier.filter(other => other !== answer)).filter(tier => tier.length > 0);
}

/** Moves an answer to the end, or into the last tier. */
export function append(tiers, answer, tied) {
  const rest = without(tiers, answer);
  return tied && rest.length > 0 ? [...rest.slice(0, -1), [...rest.at(-1), answer]] : [...rest, [answer]];
}

/** Moves an answer into the tier at an index (tied), or into a new tier before it. The index is that before the move. */
export function drop(tiers, answer, index, tied) {
  const others = tiers.map(tier => tier.filter(other => other !== answer));
  if (tied)
    others[index].push(answer);
  else
    others.splice(index, 0, [answer]);
  return others.filter(tier => tier.length > 0);
}

/** Moves an answer one step up (-1) or down (1): out of a tie, into the next tier, or past that tier where ties are not allowed. */
export function step(tiers, answer, by, ties) {
  const at = tiers.findIndex(tier => tier.includes(answer));
  if (at < 0)
    return append(tiers, answer, false);
  if (tiers[at].length > 1)
    return drop(tiers, answer, by < 0 ? at : at + 1, false);
  const next = at + by;
  if (next < 0 || next >= tiers.length)
    return tiers;
  return ties ? drop(tiers, answer, next, true) : drop(tiers, answer, by < 0 ? next : next + 1, false);
}

/** The first answer without a rating; null where every answer has one. */
export function firstUnrated(ratings) {
  const answer = ratings ? ratings.indexOf(null) : 0;
  return answer < 0 ? null : answer;
}

export function ordinal(rank) {
  const last = rank % 100 >= 11 && rank % 100 <= 13 ? 0 : rank % 10;
  return `${rank}${["th", "st", "nd", "rd"][last] ?? "th"}`;
}
