// DOM elements, and texts in them: as plain text, or as the safe HTML that the studio rendered from Markdown.

const roleNames = { user: "User", assistant: "Assistant", system: "System", tool: "Tool" };

const MaxTextLength = 6_000;     // characters; the rest is shown on request, so that the browser does not lay out megabytes
const MaxTurns = 4;              // of a conversation; a button shows the earlier ones

export const $ = id => document.getElementById(id);

export const isField = element => element.matches("input, textarea, select");

/** Creates an element. An attribute whose name begins with "on" is a listener; null and false omit an attribute or a child. */
export function el(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes))
    if (name.startsWith("on"))
      element.addEventListener(name.slice(2), value);
    else if (value !== null && value !== false && value !== undefined)
      element.setAttribute(name, value === true ? "" : value);
  element.append(...children.filter(child => child !== null));
  return element;
}

export function kbd(key) {
  const shown = { ArrowLeft: "←", ArrowRight: "→", Enter: "↵", Backspace: "⌫", Escape: "Esc" }[key] ?? key.toUpperCase();
  return el("kbd", { "aria-hidden": "true" }, shown);
}

/** @param list the passages of a prompt or an answer: {role, text, html, fold} */
export function passages(list) {
  const turns = list.map(turn);
  if (turns.length <= MaxTurns)
    return turns;
  const earlier = turns.slice(0, -MaxTurns + 1);
  const rest = el("div", { hidden: true }, ...earlier);
  const more = el("button", { class: "quiet more", onclick: showEarlier }, `Show ${earlier.length} earlier turns`);
  return [more, rest, ...turns.slice(-MaxTurns + 1)];

  function showEarlier() {
    rest.hidden = false;
    more.remove();
    clip(rest);
  }
}

function turn({ role, text, html, fold }) {
  if (fold)
    return folded(fold, plain(text));
  return el("div", { class: "turn", "data-role": role },
    role === null ? null : el("p", { class: "role" }, roleNames[role] ?? role),
    html === null ? plain(text) : formatted(html));
}

const folded = (title, body) =>
  el("details", { class: "turn fold", ontoggle: () => body.rest?.() }, el("summary", { dir: "auto" }, title), body);

function plain(text) {
  const body = el("div", { class: "text", dir: "auto" });
  body.textContent = text.length > MaxTextLength ? text.slice(0, MaxTextLength) : text;
  if (text.length > MaxTextLength)
    body.rest = () => body.textContent = text;
  return body;
}

function formatted(html) {
  const body = el("div", { class: "prose formatted", dir: "auto" });
  body.innerHTML = html;
  for (const link of body.querySelectorAll("a"))
    Object.assign(link, { target: "_blank", rel: "noopener noreferrer" });
  return body;
}

/** Cuts off tall texts and adds a button that shows them in full. */
export function clip(root) {
  for (const body of root.querySelectorAll(".turn:not(.fold) > :is(.text, .formatted):not(.clipped)")) {
    body.classList.add("clipped");
    if (body.scrollHeight <= body.clientHeight + 1 && !body.rest)
      body.classList.remove("clipped");
    else if (body.clientHeight > 0)
      body.after(el("button", { class: "quiet more", "data-all": true, onclick: event => unclip(body, event.target) }, "Show all"));
  }
}

function unclip(body, button) {
  body.rest?.();
  body.classList.remove("clipped");
  button.remove();
}
