// The page on which people rank: the next item is there before it is needed, one key decides, and what was decided is on its way at once.

import { Clock } from "./annotate-clock.js";
import { draggable } from "./annotate-drag.js";
import { Memory } from "./annotate-memory.js";
import { append, drop, ordinal, ranksOf, step, tiersOf, without } from "./annotate-order.js";
import { Outbox } from "./annotate-outbox.js";
import { clip, el, kbd, passages } from "./annotate-text.js";
import { choicesOf, flags, nameOf, orderInWords, said } from "./annotate-words.js";

const Blank = { outcome: null, ranks: null, strength: null, ratings: null, flags: [], rationale: "", ideal: "", skipReason: null };
const Asks = { Pairwise: "Which answer is better?", Ranking: "Put the answers in order, the best first", Rating: "How good is each answer? 1 is the worst." };

const $ = id => document.getElementById(id);
const root = $("annotate");
const settings = JSON.parse(root.dataset.setup);
const { task, ratingLevels: levels } = settings;
const choices = choicesOf(settings);
const memory = new Memory(`attune/${settings.person}/${settings.project}/`);
const clock = new Clock();
const outbox = new Outbox(memory, call, { state: saving, saved, refused });

let ahead = [];                 // items that wait behind the one on the screen
let current = null;             // the item on the screen: with a token, or of a decision that is changed
let verdict = null;             // what is said of it so far, lists as shown
let rating = null;              // the answer that digits rate, null where digits mean something else
const decided = new Map();      // items by token that this page has decided
let savedHere = 0;

// ---- The studio

const LongestCall = 20_000;     // milliseconds; a connection that died without a word would hold up all that waits behind it

let formToken = document.querySelector("meta[name=form-token]").content;

async function call(method, path, body) {
  const reply = await request(method, path, body);
  return reply.status === 400 && await renewFormToken() ? request(method, path, body) : reply;
}

async function request(method, path, body) {
  const response = await fetch(`/api/projects/${settings.project}/${path}`, {
    method, body: body && JSON.stringify(body), headers: { "Content-Type": "application/json", RequestVerificationToken: formToken },
    signal: AbortSignal.timeout(LongestCall),
  });
  return { status: response.status, body: await response.json().catch(() => null) };
}

/** Who signed in again has a new token. */
async function renewFormToken() {
  const page = await fetch(location.pathname);
  const found = new DOMParser().parseFromString(await page.text(), "text/html").querySelector("meta[name=form-token]");
  if (page.redirected || !found)
    return false;
  formToken = found.content;
  return true;
}

// ---- The next items

let filling = null;
let fillAgain = false;
let fillTimer = 0;

function fill() {
  clearTimeout(fillTimer);
  fillAgain = filling !== null;
  filling ??= refill().finally(() => {
    filling = null;
    if (fillAgain)
      fill();
  });
}

async function refill() {
  const before = savedHere;
  const reply = await call("POST", "next", { count: outbox.size + 2 }).catch(() => ({ status: 0 }));
  if (reply.status !== 200) {
    if (!current)
      problem(reply.status === 401 ? SignedOut() : reply.body?.error ?? "The studio is not reached. Trying again.");
    fillLater(3000);
    return;
  }
  const { standing, items, mine } = reply.body;
  ahead = items.filter(item => item.token !== current?.token && !decided.has(item.token) && !outbox.has(item.token));
  if (savedHere === before)       // else the count is older than the one that came with the decision
    countMine(mine);
  forgetDrafts(items);
  if (!current && ahead.length > 0)
    show(ahead.shift());
  else if (!current && standing === "Open")
    fillLater(200);     // what is held was decided while this was asked
  else if (!current)
    rest(standing);
}

function fillLater(wait) {
  clearTimeout(fillTimer);
  fillTimer = setTimeout(fill, wait);
}

function advance() {
  current = null;
  if (ahead.length > 0)
    show(ahead.shift());
  else
    reveal(null);
  fill();
}

function rest(standing) {
  reveal(standing === "NotCalibrated" ? $("uncalibrated") : $("done"));
  progress();
  fillLater(60_000);
}

/** Shows one of the faces of the page: an item, or that there is none. */
function reveal(face) {
  for (const id of ["item", "done", "uncalibrated"])
    $(id).hidden = $(id) !== face;
  $("bar").hidden = face !== $("item");
  root.hidden = false;
  (face ?? root).querySelector("[tabindex='-1']")?.focus({ preventScroll: true });
}

function show(item) {
  current = item;
  const draft = memory.get(draftKey(item));
  verdict = { ...Blank, ...(draft?.verdict ?? item.verdict) };
  clock.begin(draft?.seconds ?? item.seconds ?? 0);
  rating = task === "Rating" ? firstUnrated() : null;
  clearProblem();
  renderItem();
  reveal($("item"));
  clip($("item"));
  scrollTo(0, 0);
}

/** What is on the screen waits, with what was said of it so far. */
function setAside() {
  if (current?.token)
    ahead.unshift(current);
  current = null;
}

// ---- Drafts

const draftKey = ({ token, decision }) => `draft:${token ?? `decision-${decision}`}`;

function changed() {
  memory.set(draftKey(current), { verdict, seconds: clock.seconds });
  renderState();
}

function forgetDrafts(held) {
  const kept = new Set([...held, ...(current ? [current] : [])].map(draftKey));
  for (const key of memory.keys("draft:"))
    if (!kept.has(key))
      memory.remove(key);
}

addEventListener("pagehide", () => current && memory.get(draftKey(current)) && memory.set(draftKey(current), { verdict, seconds: clock.seconds }));

// ---- Deciding

function decide(change = {}) {
  if (!current)
    return;
  const final = { ...verdict, ...change };
  outbox.add({ id: current.token ?? `decision-${current.decision}-${current.revision}`, ...submission(final) });
  if (current.token)
    decided.set(current.token, current);
  memory.remove(draftKey(current));
  tell(`${current.token ? "You said" : "Changed"}: ${said(final, settings)}`);
  advance();
}

function submission(final) {
  const seconds = clock.seconds;
  return current.token
    ? { method: "POST", path: "decisions", body: { token: current.token, verdict: final, seconds } }
    : { method: "PUT", path: `decisions/${current.decision}`, body: { revision: current.revision, verdict: final } };
}

/** Takes what is there as the decision. */
function finish() {
  if (task === "Pairwise" || verdict.outcome === "AllBad" || verdict.outcome === "Skipped")
    return verdict.outcome ? decide() : tell("Choose first.");
  if (task === "Rating")
    return firstUnrated() === null ? decide({ outcome: "Rated", ranks: null }) : tell("Rate every answer first.");
  const count = (verdict.ranks ?? []).filter(rank => rank !== null).length;
  return count >= 2 ? decide({ outcome: "Ranked", strength: null }) : tell("Put at least two answers in order first.");
}

function saved(entry, { mine, known }) {
  countMine(mine);
  if (++savedHere % 10 === 0)
    progress();
  if (known)
    showKnown(known, decided.get(entry.id));
  if (!current)
    fill();
}

/** What the studio does not take comes back onto the screen; nothing that was written is lost. */
function refused(entry, status, message) {
  const item = decided.get(entry.id);
  if (status !== 400 && status !== 413) {
    problem(message);
  } else if (item) {
    decided.delete(entry.id);
    setAside();
    show({ ...item, verdict: entry.body.verdict, seconds: entry.body.seconds });
    problem(`Not saved: ${message}`);
  } else {
    memory.set(`draft:${entry.id}`, { verdict: entry.body.verdict, seconds: entry.body.seconds ?? 0 });
    problem(`An answer was not saved: ${message}`);
  }
  if (!current)
    fill();
}

let undoing = false;

async function undo() {
  if (undoing)
    return;
  undoing = true;
  try {
    if (!await outbox.flush())
      return tell("Your last answer is not saved yet; it can be taken back once it is.");
    const { status, body } = await call("POST", "undo").catch(() => ({ status: 0 }));
    if (status !== 200)
      return tell(body?.error ?? "The studio is not reached. Try again in a moment.");
    countMine(body.mine);
    setAside();
    show({ ...body.item, verdict: body.verdict, seconds: body.seconds });
    tell(`Taken back: ${said(body.verdict, settings)}. Change it, or press Enter to keep it.`);
  } finally {
    undoing = false;
  }
}

// ---- The item on the screen

function renderItem() {
  $("ask").textContent = current.decision ? `Change an earlier answer: ${Asks[task].toLowerCase()}` : Asks[task];
  $("prompt").replaceChildren(...passages(current.prompt));
  $("answers").replaceChildren(...current.answers.map(card));
  $("answers").className = `answers ${task.toLowerCase()} ${current.answers.length === 2 ? "two" : "more"}`;
  $("rationale")?.replaceChildren();
  for (const field of ["rationale", "ideal"])
    if ($(field)) {
      $(field).value = verdict[field] ?? "";
      fit($(field));
    }
  if ($("better"))
    openIdeal(Boolean(verdict.ideal));
  $("beginnings")?.replaceChildren(...current.answers.map((_, answer) =>
    el("button", { class: "quiet", onclick: () => beginWith(answer) }, `Begin with ${nameOf(task, answer)}`)));
  renderChoices();
  renderState();
}

function card(answer, index) {
  const name = nameOf(task, index);
  return el("article", { class: "answer", "data-answer": index, "aria-labelledby": `name-${index}` },
    el("header", task === "Ranking" ? { "data-drag": index, "data-name": `Answer ${name}` } : {},
      el("h2", { id: `name-${index}` }, el("span", { class: "hidden" }, "Answer "), el("span", { class: "letter" }, name)),
      el("span", { class: "said" }),
      task === "Ranking" ? el("button", { class: "quiet place", "aria-keyshortcuts": index < 9 ? index + 1 : null, onclick: () => place(index, false) }) : null),
    el("div", { class: "body" }, ...passages(answer)),
    levels > 0 ? el("div", { class: "levels", role: "group", "aria-label": `Rating of ${name}, from 1 to ${levels}` },
      ...Array.from({ length: levels }, (_, at) => el("button", { class: "quiet", value: at + 1, onclick: () => rate(index, at + 1) }, `${at + 1}`))) : null);
}

function renderState() {
  const tiers = tiersOf(verdict.ranks);
  for (const element of $("answers").children) {
    const index = Number(element.dataset.answer);
    const rank = verdict.outcome === "AllBad" ? -1 : tiers.findIndex(tier => tier.includes(index));
    element.classList.toggle("chosen", rank === 0 && tiers.length > 1);
    element.classList.toggle("turn-of", rating === index);
    element.querySelector(".said").textContent = cardSays(tiers, rank);
    const button = element.querySelector(".place");
    if (button) {
      button.textContent = rank < 0 ? "Rank next" : "Take out";
      button.setAttribute("aria-label", `${rank < 0 ? "Rank next" : "Take out"}: answer ${nameOf(task, index)}`);
    }
    for (const level of element.querySelectorAll(".levels button"))
      level.setAttribute("aria-pressed", `${verdict.ratings?.[index] === Number(level.value)}`);
  }
  for (const button of root.querySelectorAll("[data-flag]"))
    button.setAttribute("aria-pressed", `${verdict.flags.includes(button.dataset.flag)}`);
  for (const button of $("choices").querySelectorAll("[data-choice]"))
    button.setAttribute("aria-pressed", `${isSaid(choices[button.dataset.choice].verdict)}`);
  renderOrder(tiers);
  $("keep").hidden = task === "Pairwise" && !verdict.outcome;
  root.classList.toggle("rating", rating !== null);
}

function cardSays(tiers, rank) {
  if (rank < 0 || verdict.outcome === "AllBad")
    return "";
  const tied = tiers[rank].length > 1;
  return task === "Pairwise" ? tied ? "equal" : rank === 0 ? "✓ better" : "" : `${ordinal(rank + 1)}${tied ? ", tied" : ""}`;
}

const isSaid = ({ outcome, ranks, strength }) =>
  verdict.outcome === outcome && (outcome === "AllBad" || (`${verdict.ranks}` === `${ranks}` && (verdict.strength ?? null) === strength));

function renderChoices() {
  const button = choice => el("button", {
    class: `choice ${choice.side}`, "data-choice": choices.indexOf(choice), "aria-label": choice.name,
    "aria-keyshortcuts": choice.keys.join(" "), onclick: () => decide(choice.verdict),
  }, kbd(choice.keys[0]), el("span", {}, choice.short ?? choice.name));
  const isScale = task === "Pairwise" && settings.strengthLevels > 0;
  const onScale = choice => choice.side === "a" || choice.side === "b" || (choice.side === "tie" && settings.strengthLevels !== 4);
  const keep = el("button", { id: "keep", "aria-keyshortcuts": "Enter", onclick: finish }, kbd("Enter"), el("span", {}, task === "Pairwise" ? "Keep it" : "Save"));
  $("choices").className = isScale ? "scale" : task.toLowerCase();
  $("choices").replaceChildren(
    ...(isScale ? [el("div", { class: "ends", "aria-hidden": "true" }, el("span", {}, "← A is better"), el("span", {}, "B is better →")),
      el("div", { class: "steps" }, ...choices.filter(onScale).map(button))] : []),
    ...(task === "Ranking" ? [el("div", { id: "order", role: "group", "aria-label": "Your order, the best first" })] : []),
    el("div", { class: "others" }, ...choices.filter(choice => !isScale || !onScale(choice)).map(button),
      task === "Ranking" ? el("button", { class: "quiet", "data-command": "clear", onclick: clear }, kbd("c"), el("span", {}, "Clear")) : null, keep));
}

function rate(answer, level) {
  verdict.ratings ??= current.answers.map(() => null);
  verdict.ratings[answer] = verdict.ratings[answer] === level ? null : level;
  if (rating !== null)
    rating = verdict.ratings[answer] === null ? answer : task === "Rating" || answer + 1 < current.answers.length ? Math.min(answer + 1, current.answers.length - 1) : null;
  if (verdict.outcome === "AllBad" && task === "Rating")
    verdict.outcome = null;
  changed();
  $("answers").querySelector(".turn-of")?.scrollIntoView({ block: "nearest" });
}

function firstUnrated() {
  const at = verdict.ratings ? verdict.ratings.indexOf(null) : 0;
  return at < 0 ? null : at;
}

// ---- An order

/** A key or a press: what is not ranked goes behind the others, or with the last; what is ranked is taken out. */
function place(answer, tied) {
  const tiers = tiersOf(verdict.ranks);
  const isRanked = verdict.ranks?.[answer] !== null && verdict.ranks?.[answer] !== undefined;
  setTiers(isRanked && !tied ? without(tiers, answer) : append(tiers, answer, tied && settings.ties), answer);
}

function setTiers(tiers, answer) {
  verdict.ranks = ranksOf(tiers, current.answers.length);
  verdict.outcome = "Ranked";
  tieNext = false;
  changed();
  const rank = tiers.findIndex(tier => tier.includes(answer));
  tell(`Answer ${nameOf(task, answer)}: ${rank < 0 ? "not ranked" : ordinal(rank + 1) + (tiers[rank].length > 1 ? ", tied" : "")}`);
}

function clear() {
  verdict.ranks = null;
  verdict.outcome = null;
  changed();
  tell("Cleared.");
}

function takeOutLast() {
  const last = tiersOf(verdict.ranks).at(-1)?.at(-1);
  if (last !== undefined)
    place(last, false);
}

function renderOrder(tiers) {
  const order = $("order");
  if (!order)
    return;
  const focused = document.activeElement?.dataset?.chip;
  const loose = current.answers.map((_, answer) => answer).filter(answer => !tiers.some(tier => tier.includes(answer)));
  order.replaceChildren(
    ...tiers.flatMap((tier, at) => [gap(at), el("div", { class: "tier", "data-drop": settings.ties ? `tie:${at}` : `new:${at}` },
      el("span", { class: "rank" }, ordinal(at + 1)), ...tier.map(answer => chip(answer, `${ordinal(at + 1)}${tier.length > 1 ? ", tied" : ""}`)))]),
    ...(tiers.length > 0 ? [gap(tiers.length)] : [el("span", { class: "gap empty hint", "data-drop": "new:0" }, "Press the numbers or the cards, the best first; or drag them here")]),
    el("div", { class: "tray", "data-drop": "tray" }, el("span", { class: "rank" }, loose.length > 0 ? "Not ranked" : "All are ranked"), ...loose.map(answer => chip(answer, "not ranked"))));
  if (focused)
    order.querySelector(`[data-chip="${focused}"]`)?.focus();
}

const gap = at => el("span", { class: "gap", "data-drop": `new:${at}` });

function chip(answer, standing) {
  const name = nameOf(task, answer);
  return el("button", {
    class: "chip", "data-chip": answer, "data-drag": answer, "data-name": `Answer ${name}`, "aria-label": `Answer ${name}, ${standing}`,
    "aria-keyshortcuts": "ArrowLeft ArrowRight", onclick: () => place(answer, false), onkeydown: moveChip,
  }, name);
}

function moveChip(event) {
  const by = { ArrowLeft: -1, ArrowUp: -1, ArrowRight: 1, ArrowDown: 1 }[event.key];
  if (!by)
    return;
  event.preventDefault();
  event.stopPropagation();
  const answer = Number(event.target.dataset.chip);
  setTiers(step(tiersOf(verdict.ranks), answer, by, settings.ties), answer);
}

draggable(root, (what, where) => {
  const [answer, tiers, [kind, at]] = [Number(what), tiersOf(verdict.ranks), where.split(":")];
  setTiers(kind === "tray" ? without(tiers, answer) : drop(tiers, answer, Number(at), kind === "tie"), answer);
});

// ---- Texts and flags

function fit(field) {
  field.style.height = "auto";
  field.style.height = `${Math.min(field.scrollHeight + 2, 400)}px`;
}

for (const name of ["rationale", "ideal"])
  $(name)?.addEventListener("input", ({ target }) => {
    verdict[name] = target.value;
    fit(target);
    changed();
  });

function openIdeal(open) {
  $("better").hidden = !open;
  root.querySelector("[data-command=ideal]").setAttribute("aria-expanded", `${open}`);
  if (open)
    fit($("ideal"));
}

function ideal() {
  openIdeal(true);
  $("ideal").focus();
}

function beginWith(answer) {
  const text = current.answers[answer].map(passage => passage.text).join("\n\n");
  verdict.ideal = $("ideal").value = text.slice(0, 100_000);
  changed();
  ideal();
  fit($("ideal"));
}

function toggleFlag(flag) {
  verdict.flags = verdict.flags.includes(flag) ? verdict.flags.filter(other => other !== flag) : [...verdict.flags, flag];
  changed();
  tell(`${flags.find(each => each.flag === flag).name}: ${verdict.flags.includes(flag) ? "flagged" : "no longer flagged"}`);
}

// ---- Dialogs

function openDialog(id) {
  $(id).showModal();
}

async function history() {
  const { status, body } = await call("GET", "recent").catch(() => ({ status: 0 }));
  if (status !== 200)
    return tell(body?.error ?? "The studio is not reached. Try again in a moment.");
  const rows = body.decisions.map(row => el("li", {},
    el("div", {}, el("strong", {}, said(row.verdict, settings)), el("div", { class: "text faint", dir: "auto" }, row.opening)),
    row.editable ? el("button", { class: "quiet", "aria-label": `Change: ${row.opening}`, onclick: () => change(row.decision) }, "Change") : el("span", { class: "hint" }, "calibration")));
  $("history").querySelector("ol").replaceChildren(...(rows.length > 0 ? rows : [el("li", { class: "faint" }, "Nothing yet.")]));
  openDialog("history");
}

async function change(decision) {
  const { status, body } = await call("GET", `decisions/${decision}`).catch(() => ({ status: 0 }));
  $("history").close();
  if (status !== 200)
    return tell(body?.error ?? "The studio is not reached. Try again in a moment.");
  setAside();
  show({ ...body.item, decision: body.decision, revision: body.revision, verdict: body.verdict, seconds: body.seconds });
  notice("You change an earlier answer: choose anew, or keep it.", el("button", { class: "quiet", onclick: leaveChange }, kbd("Escape"), " Leave it as it was"));
}

function leaveChange() {
  if (!current?.decision)
    return;
  memory.remove(draftKey(current));
  tell("Left as it was.");
  advance();
}

function showKnown({ ranks, explanation, right }, item) {
  $("known-head").textContent = right ? "✓ That is what is known" : "✗ Something else is known";
  $("known").className = right ? "right" : "wrong";
  const tiers = tiersOf(ranks);
  $("known").querySelector(".known").replaceChildren(
    el("p", {}, `Known: ${orderInWords(ranks, task)}`),
    ...(explanation ? [el("p", { class: "text notice", dir: "auto" }, explanation)] : []),
    ...(item ? tiers.flat().map(answer => el("div", { class: "of" }, el("strong", {}, nameOf(task, answer)), el("div", {}, ...passages(item.answers[answer])))) : []));
  openDialog("known");
  clip($("known"));
}

for (const button of $("skip").querySelectorAll(".reasons button"))
  button.addEventListener("click", () => skipBecause(button.value));
$("skip").querySelector("[data-close]").addEventListener("click", () => $("skip").close());
$("skip").querySelector("form").addEventListener("submit", event => {
  event.preventDefault();
  skipBecause(event.target.querySelector("input").value);
});

function skipBecause(reason) {
  $("skip").close();
  $("skip").querySelector("input").value = "";
  decide({ outcome: "Skipped", skipReason: reason });
}

// ---- What is said to the person

function tell(text) {
  $("last").textContent = text;
}

function notice(text, ...more) {
  $("notice").className = "notice";
  $("notice").replaceChildren(text, " ", ...more);
}

function problem(content) {
  $("notice").className = "problem";
  $("notice").replaceChildren(content);
  root.hidden = false;
}

function clearProblem() {
  $("notice").className = "";
  $("notice").replaceChildren();
}

const SignedOut = () => el("span", {}, "You are signed out. ", el("a", { href: "/sign-in", target: "_blank" }, "Sign in in another tab"),
  "; what you decided is kept here and is sent as soon as you are back.");

let isSignedOut = false;

function saving(state) {
  const words = { saving: "Saving…", saved: "✓ Saved", waiting: "Not saved, trying again", "signed-out": "Not saved, signed out" };
  $("saving").textContent = outbox.size > 1 && state !== "saved" ? `${words[state]} (${outbox.size})` : words[state];
  $("saving").className = state;
  if (state === "signed-out" && !isSignedOut)
    problem(SignedOut());
  else if (state === "saved" && isSignedOut)
    clearProblem();
  isSignedOut = state === "signed-out" || (isSignedOut && state !== "saved");
}

function countMine(mine) {
  $("mine").textContent = `${mine.toLocaleString("en")} by you`;
}

async function progress() {
  const before = savedHere;
  const { status, body } = await call("GET", "progress").catch(() => ({ status: 0 }));
  if (status !== 200)
    return;
  if (savedHere === before)
    countMine(body.mine);
  $("whole").textContent = `${body.decisions.toLocaleString("en")} of ${body.wanted.toLocaleString("en")} in the project`;
  Object.assign($("progress"), { max: Math.max(1, body.wanted), value: body.decisions });
}

// ---- Keys

let tieNext = false;

/** Everything that a key does: {keys, name, run, id}. The id names a button of the frame. */
const commands = [
  ...choices.map(choice => ({ keys: choice.keys, name: choice.name, run: () => decide(choice.verdict) })),
  ...(task === "Ranking" ? [
    { keys: ["1–9"], name: "Rank this answer next, or take it out" },
    ...(settings.ties ? [{ keys: ["="], name: "The next answer is as good as the last one (so does Shift)", run: () => { tieNext = true; tell("Tied with the last one: which answer?"); } }] : []),
    { keys: ["Backspace"], name: "Take the last one out", run: takeOutLast },
    { keys: ["c"], name: "Clear the order", run: clear },
  ] : []),
  ...(task === "Rating" ? [{ keys: ["1–9"], name: "The level of the marked answer" }, { keys: ["ArrowUp"], name: "Mark the answer before", run: () => mark(-1) },
    { keys: ["ArrowDown"], name: "Mark the next answer", run: () => mark(1) }] : []),
  ...(task !== "Rating" && levels > 0 ? [{ keys: ["l"], name: "Rate the answers by digits", run: () => { rating = 0; renderState(); tell(`Levels 1 to ${levels}, for each answer in turn; Escape ends it.`); } }] : []),
  { keys: ["Enter"], name: "Save what is chosen", run: finish },
  { id: "undo", keys: ["u"], name: "Take the last answer back", run: undo, always: true },
  { id: "skip", keys: ["s"], name: "Skip", run: () => openDialog("skip") },
  ...flags.map(({ flag, key, name }) => ({ keys: [key], name: `Flag: ${name.toLowerCase()}`, run: () => toggleFlag(flag) })),
  ...($("rationale") ? [{ keys: ["r"], name: "Write why", run: () => $("rationale").focus() }] : []),
  ...($("ideal") ? [{ id: "ideal", keys: ["i"], name: "Write a better answer", run: ideal }] : []),
  { keys: ["e"], name: "Show all of long texts", run: () => root.querySelectorAll("#item [data-all]").forEach(button => button.click()) },
  { id: "history", keys: ["h"], name: "Your last answers, to change them", run: history, always: true },
  { id: "guidelines", keys: ["g"], name: "Guidelines", run: () => openDialog("guidelines"), always: true },
  { id: "keys", keys: ["?"], name: "These keys", run: () => openDialog("keys"), always: true },
  { keys: ["Escape"], name: "Leave a field, a dialog, a change", run: escape, always: true },
  { id: "again", keys: [], run: fill, always: true },
];

function mark(by) {
  rating = Math.max(0, Math.min(current.answers.length - 1, (rating ?? current.answers.length - 1) + by));
  renderState();
  $("answers").querySelector(".turn-of").scrollIntoView({ block: "nearest" });
}

function escape() {
  if (rating !== null && task !== "Rating")
    rating = null;
  else
    leaveChange();
  if (current)
    renderState();
}

/** The digit of a key: as typed, or where it lies on a keyboard whose digits need Shift. */
const digitOf = event => /^[0-9]$/.test(event.key) ? event.key : /^Digit[0-9]$/.test(event.code) ? event.code.at(-1) : null;

function digit(event) {
  const value = Number(digitOf(event));
  if (!current || !value)
    return false;
  if (rating !== null && value <= levels)
    rate(rating, value);
  else if (task === "Ranking" && value <= current.answers.length)
    place(value - 1, tieNext || event.shiftKey);
  else
    return false;
  return true;
}

const isField = element => element.matches("input, textarea, select");

addEventListener("keydown", event => {
  if (event.defaultPrevented || event.isComposing || event.repeat || document.querySelector("dialog[open]"))
    return;
  if (isField(event.target)) {
    if (event.key === "Escape")
      $("ask").focus({ preventScroll: true });
    return;
  }
  if ((event.ctrlKey || event.metaKey) && event.key === "z")
    undo();
  else if (event.ctrlKey || event.metaKey || event.altKey || (event.target.closest("button, a") && event.key === "Enter"))
    return;
  else if (!digit(event) && !command(event))
    return;
  event.preventDefault();
});

function command(event) {
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const found = commands.find(each => each.run && each.keys.includes(key)) ?? commands.find(each => each.run && each.keys.includes(digitOf(event)));
  if (!found || (!current && !found.always))
    return false;
  found.run();
  return true;
}

// Digits choose in the dialog of skipping.
$("skip").addEventListener("keydown", event => {
  const button = isField(event.target) ? null : $("skip").querySelectorAll(".reasons button")[Number(event.key) - 1];
  if (button) {
    event.preventDefault();
    button.click();
  }
});

$("flags").append(...flags.map(({ flag, key, name }) =>
  el("button", { class: "quiet", "data-flag": flag, "aria-keyshortcuts": key, onclick: () => toggleFlag(flag) }, kbd(key), ` ${name}`)));

for (const button of root.querySelectorAll("[data-command]")) {
  const { keys, run } = commands.find(each => each.id === button.dataset.command);
  button.addEventListener("click", run);
  if (keys.length > 0) {
    button.setAttribute("aria-keyshortcuts", keys.join(" "));
    button.append(" ", kbd(keys[0]));
  }
}

$("keys").querySelector("dl").append(...commands.filter(each => each.keys.length > 0).map(({ keys, name }) =>
  el("div", {}, el("dt", {}, ...keys.map(key => { const shown = kbd(key); shown.removeAttribute("aria-hidden"); return shown; })), el("dd", {}, name))));

addEventListener("beforeunload", event => outbox.size > 0 && event.preventDefault());

outbox.flush();
progress();
fill();
