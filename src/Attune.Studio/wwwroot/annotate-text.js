// Elements, and texts of models in them: always as text, or as the HTML that the studio made of Markdown.

const Names = { user: "User", assistant: "Assistant", system: "Instructions", tool: "Tool" };

/** What is not shown until it is asked for: a browser need not lay out a megabyte that nobody reads. */
const LongestText = 6_000;

/** Earlier turns of a conversation than so many wait behind a button. */
const MostTurns = 4;

/** An element with attributes, or listeners where the name begins with "on"; attributes that are null or false are left out. */
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

/** The passages of a prompt or an answer. */
export function passages(list) {
  const turns = list.map(turn);
  if (turns.length <= MostTurns)
    return turns;
  const earlier = turns.slice(0, -MostTurns + 1);
  const rest = el("div", { hidden: true }, ...earlier);
  const more = el("button", { class: "quiet more", onclick: () => { rest.hidden = false; more.remove(); clip(rest); } }, `Show ${earlier.length} earlier turns`);
  return [more, rest, ...turns.slice(-MostTurns + 1)];
}

function turn({ role, text, html }) {
  return el("div", { class: "turn", "data-role": role }, role === null ? null : el("p", { class: "role" }, Names[role] ?? role), html === null ? plain(text) : formatted(html));
}

function plain(text) {
  const body = el("div", { class: "text", dir: "auto" });
  body.textContent = text.length > LongestText ? text.slice(0, LongestText) : text;
  if (text.length > LongestText)
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

/** Gives texts that are too high a button that shows all of them. */
export function clip(root) {
  for (const body of root.querySelectorAll(".turn > :is(.text, .formatted):not(.clipped)")) {
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
