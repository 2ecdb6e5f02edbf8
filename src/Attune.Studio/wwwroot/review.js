// Keys of the review page: A accepts, C opens the correction, R the rejection, N goes to the next decision. In the rejection, Ctrl and
// Enter sends the reason. Once the page is being left, keys and forms do nothing: they would be meant for the next decision.

const isTyping = target => target.matches("textarea, select, input:not([type=radio])");

function open(id) {
  const details = document.getElementById(id);
  if (!details)
    return;                 // a demonstration has no answers to choose from, and a corrected decision cannot be rejected
  details.open = true;
  const first = details.querySelector(id === "reject" ? "textarea" : "input:checked");
  (first ?? details.querySelector("select, input:not([type=hidden])")).focus();
}

const commands = {
  a: () => document.getElementById("accept")?.requestSubmit(),
  c: () => open("correct"),
  r: () => open("reject"),
  n: () => {
    leaving = true;
    document.getElementById("next").click();
  },
};

let leaving = false;

addEventListener("keydown", event => {
  const { target, key } = event;
  if (leaving)
    return;
  if (key === "Enter" && event.ctrlKey && target.form)
    target.form.requestSubmit();
  else if (key === "Escape")
    target.blur();
  else if (document.getElementById("next") && !event.ctrlKey && !event.altKey && !event.metaKey && !event.repeat && !isTyping(target)
    && Object.hasOwn(commands, key.toLowerCase())) {
    event.preventDefault();
    commands[key.toLowerCase()]();
  }
});

addEventListener("submit", event => {
  if (leaving)
    event.preventDefault();
  leaving = true;
});

addEventListener("pageshow", () => leaving = false);     // the browser's Back button may show the page as it was left
