// Keeps parts of a page up to date: an element with data-live is filled anew with what that address gives, every two seconds while the page
// is seen and until the part says that it is final. What is open, focused or selected in it stays so.
const rhythm = 2000;

async function refresh(part) {
  const shown = part.firstElementChild;
  if (shown?.dataset.final === 'true')
    return;
  if (!document.hidden && !isSelectedIn(part))
    await fill(part, shown?.dataset.version ?? '').catch(() => { });   // the studio is away for a moment
  setTimeout(() => refresh(part), rhythm);
}

async function fill(part, version) {
  const response = await fetch(`${part.dataset.live}?after=${encodeURIComponent(version)}`);
  if (response.status !== 200)
    return;
  const html = await response.text();
  const open = summaries(part).filter(summary => summary.parentElement.open).map(summary => summary.textContent);
  const focused = part.contains(document.activeElement) ? places(part).indexOf(document.activeElement) : -1;
  part.innerHTML = html;
  for (const summary of summaries(part))
    summary.parentElement.open ||= open.includes(summary.textContent);
  places(part)[focused]?.focus({ preventScroll: true });
}

const summaries = part => [...part.querySelectorAll('details > summary')];

const places = part => [...part.querySelectorAll('a, button, summary, [tabindex]')];

function isSelectedIn(part) {
  const selection = getSelection();
  return !selection.isCollapsed && part.contains(selection.anchorNode);
}

for (const part of document.querySelectorAll('[data-live]'))
  setTimeout(() => refresh(part), rhythm);
