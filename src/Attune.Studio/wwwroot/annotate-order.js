// An order of answers as tiers: the best first, those of a tier are equally good. Nothing here touches the page.

/** @param ranks 0 the best, equal for ties, null for not ranked */
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

/** Puts an answer behind the others, or with the last ones. */
export function append(tiers, answer, tied) {
  const rest = without(tiers, answer);
  return tied && rest.length > 0 ? [...rest.slice(0, -1), [...rest.at(-1), answer]] : [...rest, [answer]];
}

/** Puts an answer into a tier, or makes a tier of its own before one; places are those before it was taken out. */
export function drop(tiers, answer, place, tied) {
  const marked = tiers.map(tier => tier.filter(other => other !== answer));
  if (tied)
    marked[place].push(answer);
  else
    marked.splice(place, 0, [answer]);
  return marked.filter(tier => tier.length > 0);
}

/** One step better (-1) or worse (1): out of a tie, into the neighbouring tier, or past it where ties are not allowed. */
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

export function ordinal(rank) {
  const last = rank % 100 >= 11 && rank % 100 <= 13 ? 0 : rank % 10;
  return `${rank}${["th", "st", "nd", "rd"][last] ?? "th"}`;
}
