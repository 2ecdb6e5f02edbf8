// What pages made of forms get from a script: keys, drafts that survive a reload, and the time that was spent. They work without it.

const Drafts = `attune-draft:${location.pathname.split("/").slice(0, 3).join("/")}:`;     // of one project
const Idle = 60_000;     // milliseconds without activity after which time does not count

// Keys: an element with data-keys is pressed, focused or opened by any of them, unless somebody writes.
addEventListener("keydown", event => {
  const field = event.target.closest("input:not([type=radio]), textarea, select");
  if (field && event.key === "Escape")
    field.blur();
  if (field && event.key === "Enter" && (event.ctrlKey || event.metaKey))
    submit(field.form);
  if (field || event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.isComposing)
    return;
  if (event.key === "Enter" && event.target.closest("button, a, summary"))
    return;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const target = [...document.querySelectorAll("[data-keys]")].find(each =>
    each.dataset.keys.split(" ").includes(key) && each.checkVisibility());
  if (!target)
    return;
  event.preventDefault();
  if (target.matches("details"))
    target.open = !target.open;
  else if (target.matches("textarea, input, select"))
    target.focus();
  else
    target.click();
});

/** Submits a form that has one button for it; not one whose buttons are choices. */
function submit(form) {
  const button = form?.querySelector("button[data-submit], button:not([name], [type=button])");
  if (button)
    form.requestSubmit(button);
}

// Key E unfolds reasoning and tool calls.
addEventListener("keydown", event => {
  const folded = [...document.querySelectorAll("details.fold")];
  if (event.key === "e" && !event.target.closest("input:not([type=radio]), textarea, select")) {
    const open = folded.some(part => !part.open);
    folded.forEach(part => part.open = open);
  }
});

// Drafts: the text of a field with data-draft is kept in the browser until the server has saved it.
const saved = [...document.querySelectorAll("[data-saved]")].map(element =>
  (element.dataset.saved || element.textContent).replaceAll("\r\n", "\n").trim());
for (const name of Object.keys(localStorage).filter(name => name.startsWith(Drafts)))
  if (saved.includes(localStorage[name].trim()))
    localStorage.removeItem(name);
for (const field of document.querySelectorAll("[data-draft]")) {
  const name = Drafts + field.dataset.draft;
  field.value = localStorage[name] ?? field.value;
  field.addEventListener("input", () => field.value.trim() ? localStorage[name] = field.value : localStorage.removeItem(name));
}

// Time: while the page is visible and somebody is active.
let seconds = 0, activeAt = Date.now(), countedAt = Date.now();
for (const kind of ["keydown", "pointermove", "scroll"])
  addEventListener(kind, () => activeAt = Date.now(), { passive: true });
function count() {
  const now = Date.now();
  if (!document.hidden && now - activeAt < Idle)
    seconds += (now - countedAt) / 1000;
  countedAt = now;
}
setInterval(count, 1000);
addEventListener("submit", event => {
  count();
  for (const field of event.target.querySelectorAll("[data-seconds]"))
    field.value = seconds.toFixed(1);
});
