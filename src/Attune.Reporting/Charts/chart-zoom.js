// Zooms charts. Drag over a part of the x-axis to enlarge it; double-click or tap twice to show all of it. On a chart with the focus, + and
// - zoom, the arrow keys move, and Escape shows all. The y-axis fits the curves in view. Charts that are replaced later need no set-up.
// Reports contain this text and are XML, too: it has no ampersand and no "less than" sign.
const DoubleTap = 400;       // milliseconds
const LeastDrag = 6;         // units of the drawing
const LeastView = 2;
const Margin = 0.06;         // above and below the curves
const Ticks = 5;
const Rounding = 1e-9;

const views = new WeakMap();
let drag = null;
let lastTap = null;

const chartOf = event => event.target.closest?.('svg.zoom');

function boxOf(svg) {
  const plot = svg.querySelector('.plot');
  const [x, y, width, height] = ['x', 'y', 'width', 'height'].map(name => Number(plot.getAttribute(name)));
  return { plot, x, y, width, height, right: x + width, bottom: y + height };
}

/** The part of the drawing that is shown, from left to right. */
const viewOf = svg => views.get(svg) ?? [boxOf(svg).x, boxOf(svg).right];

/** The place of a pointer in the drawing, within the plot. */
function placeOf(svg, event) {
  const box = boxOf(svg);
  const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
  return Math.min(box.right, Math.max(box.x, point.x));
}

document.addEventListener('pointerdown', event => {
  const svg = chartOf(event);
  if (!svg || event.button !== 0 || !event.isPrimary)
    return;
  drag = { svg, start: placeOf(svg, event), mark: null };
  svg.setPointerCapture(event.pointerId);
});

document.addEventListener('pointermove', event => {
  if (!drag)
    return;
  const box = boxOf(drag.svg);
  const place = placeOf(drag.svg, event);
  drag.mark ??= add(drag.svg, 'rect', { class: 'selection', y: box.y, height: box.height });
  drag.mark.setAttribute('x', Math.min(drag.start, place));
  drag.mark.setAttribute('width', Math.abs(place - drag.start));
});

document.addEventListener('pointerup', event => {
  if (!drag)
    return;
  const { svg, start } = drag;
  const place = placeOf(svg, event);
  stopDrag();
  if (Math.abs(place - start) > LeastDrag)
    zoom(svg, Math.min(start, place), Math.max(start, place));
  else if (lastTap?.svg === svg ? DoubleTap > event.timeStamp - lastTap.time : false)
    reset(svg);
  else
    lastTap = { svg, time: event.timeStamp };
});

document.addEventListener('pointercancel', stopDrag);

function stopDrag() {
  drag?.mark?.remove();
  drag = null;
}

document.addEventListener('keydown', event => {
  const svg = chartOf(event);
  if (!svg || event.ctrlKey || event.metaKey || event.altKey)
    return;
  const [from, to] = viewOf(svg);
  const part = (to - from) / 4;
  const moves = { '+': [part, -part], '=': [part, -part], '-': [-2 * part, 2 * part], ArrowLeft: [-part, -part], ArrowRight: [part, part] };
  const move = moves[event.key];
  if (move)
    show(svg, from + move[0], to + move[1]);
  else if (event.key === 'Escape')
    reset(svg);
  else
    return;
  event.preventDefault();
});

document.addEventListener('click', event => {
  const button = event.target.closest?.('button.reset-zoom');
  if (button)
    reset(button.parentElement.querySelector('svg.zoom'));
});

/** Enlarges a part of what is shown, between two places in the drawing. */
function zoom(svg, left, right) {
  const box = boxOf(svg);
  const [from, to] = viewOf(svg);
  const scale = (to - from) / box.width;
  show(svg, from + (left - box.x) * scale, from + (right - box.x) * scale);
}

/** Shows a part of the drawing: all of it when the part is as wide. A part that begins or ends outside is moved. */
function show(svg, from, to) {
  const box = boxOf(svg);
  const width = Math.max(LeastView, to - from);
  const start = Math.min(Math.max(box.x, from), box.right - width);
  reset(svg);
  const heights = width >= box.width ? [] : heightsBetween(box.plot, start, start + width);
  if (heights.length === 0)
    return;
  const [high, low] = [Math.min(...heights), Math.max(...heights)];
  const margin = Math.max(1, Margin * (low - high));
  const view = { x: start, y: high - margin, width, height: low - high + 2 * margin };
  views.set(svg, [start, start + width]);
  svg.classList.add('zoomed');
  setView(box, view);
  drawAxes(svg, box, view);
  const button = document.createElement('button');
  Object.assign(button, { type: 'button', className: 'reset-zoom quiet', textContent: 'Show all' });
  svg.after(button);
}

function reset(svg) {
  const box = boxOf(svg);
  views.delete(svg);
  svg.classList.remove('zoomed');
  svg.querySelector('.axes.own')?.remove();
  svg.parentElement.querySelector('.reset-zoom')?.remove();
  setView(box, box);
}

function setView({ plot, width, height }, view) {
  plot.setAttribute('viewBox', `${view.x} ${view.y} ${view.width} ${view.height}`);
  for (const dot of plot.querySelectorAll('ellipse')) {              // stays round
    dot.dataset.radius ??= dot.getAttribute('rx');
    dot.setAttribute('rx', dot.dataset.radius * view.width / width);
    dot.setAttribute('ry', dot.dataset.radius * view.height / height);
  }
}

/** The heights of all curves between two places. */
function heightsBetween(plot, from, to) {
  const heights = [];
  for (const path of plot.querySelectorAll('path')) {
    const numbers = path.getAttribute('d').match(/-?[\d.]+/g).map(Number);
    for (let i = 0; numbers.length > i; i += 2) {
      const [x0, y0, x1, y1] = [numbers[i], numbers[i + 1], numbers[i + 2] ?? numbers[i], numbers[i + 3] ?? numbers[i + 1]];
      const [left, right] = [Math.max(from, Math.min(x0, x1)), Math.min(to, Math.max(x0, x1))];
      if (right >= left)
        heights.push(...[left, right].map(x => x1 === x0 ? y0 : y0 + (y1 - y0) * (x - x0) / (x1 - x0)));
    }
  }
  return heights;
}

function drawAxes(svg, box, view) {
  const axes = add(svg, 'g', { class: 'axes own' }, box.plot);
  const across = axisOf(svg.dataset.x, (view.x - box.x) / box.width, (view.x + view.width - box.x) / box.width);
  const up = axisOf(svg.dataset.y, (box.bottom - view.y - view.height) / box.height, (box.bottom - view.y) / box.height);
  for (const { share, text } of up) {
    const y = box.bottom - share * box.height;
    add(axes, 'line', { class: 'grid', x1: box.x, x2: box.right, y1: y, y2: y });
    add(axes, 'text', { class: 'tick end', x: box.x - 7, y: y + 4 }).textContent = text;
  }
  add(axes, 'line', { class: 'base', x1: box.x, x2: box.right, y1: box.bottom, y2: box.bottom });
  for (const { share, text } of across)
    add(axes, 'text', { class: 'tick middle', x: box.x + share * box.width, y: box.bottom + 16 }).textContent = text;
}

/** The ticks of a part of an axis, "low high" or "low high log": their texts, and where they are in the part, from 0 to 1. */
function axisOf(axis, first, last) {
  const [low, high, log] = axis.split(' ').map((part, at) => at === 2 ? part : Number(part));
  const valueAt = share => log ? low * (high / low) ** share : low + share * (high - low);
  const shareOf = value => log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  return ticks(valueAt(first), valueAt(last), log)
    .map(({ value, text }) => ({ text, share: (shareOf(value) - first) / (last - first) }));
}

function ticks(low, high, log) {
  if (log ? high > 10 * low : false) {
    const decades = Array.from({ length: Math.ceil(Math.log10(high / low)) + 1 }, (_, at) => 10 ** (Math.floor(Math.log10(low)) + at));
    const values = decades.flatMap(decade => (high > 1000 * low ? [1] : [1, 2, 5]).map(mantissa => mantissa * decade));
    return values.filter(value => value >= low ? high >= value : false).map(value => ({ value, text: label(value, value) }));
  }
  const rough = (high - low) / Ticks;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find(mantissa => mantissa * power >= rough * 0.999999);
  const first = Math.ceil(low / step - Rounding);
  return Array.from({ length: Math.max(0, Math.floor(high / step + Rounding) - first + 1) }, (_, at) => (first + at) * step)
    .map(value => ({ value, text: label(value, step) }));
}

/** A number with the decimals that the step needs. */
function label(value, step) {
  const decimals = Math.max(0, Math.ceil(-Math.log10(step) - 1e-9));
  const text = decimals > 4 || Math.abs(value) >= 1e7
    ? Number(value.toPrecision(4)).toExponential().replace('e+', 'e')
    : value.toLocaleString('en', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
  return text.replace('-', '−');
}

function add(parent, name, attributes, before = null) {
  const element = document.createElementNS(parent.namespaceURI, name);
  for (const [key, value] of Object.entries(attributes))
    element.setAttribute(key, value);
  return parent.insertBefore(element, before);
}
