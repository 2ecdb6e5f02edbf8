// The page of a conversation: waits for the models, and copies an answer into the field of one's own.

const Interval = 700;     // milliseconds

const waiting = document.querySelector("[data-wait]");
if (waiting)
  setTimeout(poll, Interval);

async function poll() {
  const response = await fetch(waiting.dataset.wait).catch(() => null);     // null: the studio cannot be reached at the moment
  const turn = response?.ok ? await response.json() : null;
  if (turn && turn.state !== "Waiting")
    location.reload();
  else {
    waiting.querySelector("[data-before]").textContent = turn?.before > 0 ? `${turn.before} before yours.` : "";
    setTimeout(poll, Interval);
  }
}

const own = document.querySelector("[data-own]");
if (own) {
  const buttons = document.createElement("span");
  buttons.className = "inline";
  buttons.append(...[...document.querySelectorAll("[data-answer]")].map((answer, at) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "quiet";
    button.textContent = `Edit ${"AB"[at]}`;
    button.addEventListener("click", () => {
      own.value = answer.dataset.answer;
      own.dispatchEvent(new Event("input"));
      own.focus();
    });
    return button;
  }));
  own.closest("label").after(buttons);
}
