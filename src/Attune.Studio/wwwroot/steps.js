// Labels of steps by keys: + right, 0 neutral, - wrong. One step is marked; a label marks the next one.

const steps = [...document.querySelectorAll("[data-step]")];
const levels = { "-": 1, "−": 1, "0": 2, "+": 3, "=": 3 };
let marked = 0;

function mark(at) {
  marked = Math.max(0, Math.min(steps.length - 1, at));
  steps.forEach((step, other) => step.classList.toggle("marked", other === marked));
  steps[marked].scrollIntoView({ block: "nearest" });
}

if (steps.length > 0) {
  mark(0);
  addEventListener("keydown", event => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("textarea, select, input:not([type=radio])"))
      return;
    if (event.key in levels)
      label(levels[event.key]);
    else if (event.key === "ArrowUp" || event.key === "ArrowDown")
      mark(marked + (event.key === "ArrowUp" ? -1 : 1));
    else
      return;
    event.preventDefault();
  });
}

function label(level) {
  steps[marked].querySelector(`input[value="${level}"]`).checked = true;
  mark(marked + 1);
}
