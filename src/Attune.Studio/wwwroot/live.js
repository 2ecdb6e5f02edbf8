// Keeps parts of a page up to date: every two seconds while the page is visible, an element with data-live is filled with the HTML at that
// address, until the HTML says that it is final. Open details and the focus are kept; nothing is replaced while text in it is selected, or
// while a chart in it is zoomed.
const Interval = 2000;     // milliseconds

async function refresh(part) {
  const shown = part.firstElementChild;
  if (shown?.dataset.final === 'true')
    return;
  if (!document.hidden && !isSelectedIn(part) && !part.querySelector('.zoomed, .selection'))
    await fill(part, shown?.dataset.version ?? '').catch(() => { });   // the studio cannot be reached at the moment
  setTimeout(() => refresh(part), Interval);
}

async function fill(part, version) {
  const response = await fetch(`${part.dataset.live}?after=${encodeURIComponent(version)}`);
  if (response.status !== 200)
    return;
  const html = await response.text();
  const open = summaries(part).filter(summary => summary.parentElement.open).map(summary => summary.textContent);
  const focused = part.contains(document.activeElement) ? focusable(part).indexOf(document.activeElement) : -1;
  part.innerHTML = html;
  for (const summary of summaries(part))
    summary.parentElement.open ||= open.includes(summary.textContent);
  focusable(part)[focused]?.focus({ preventScroll: true });
}

const summaries = part => [...part.querySelectorAll('details > summary')];

const focusable = part => [...part.querySelectorAll('a, button, summary, [tabindex]')];

function isSelectedIn(part) {
  const selection = getSelection();
  return !selection.isCollapsed && part.contains(selection.anchorNode);
}

for (const part of document.querySelectorAll('[data-live]'))
  setTimeout(() => refresh(part), Interval);
