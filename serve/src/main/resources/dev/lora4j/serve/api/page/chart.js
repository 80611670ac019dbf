// ---- loss curves, in the style of the training reports ----

const UNITS = 1000; // of the SVG, which stretches with the page
const TICKS = 5;

/** A round step that divides a range into about as many parts as there are ticks. */
function tickStep(range) {
  const power = 10 ** Math.floor(Math.log10(range / TICKS));
  return power * [1, 2, 5, 10].find((factor) => power * factor * TICKS >= range);
}

function ticks(low, high) {
  const step = tickStep(high - low || 1);
  const first = Math.floor(low / step) * step;
  const count = Math.max(1, Math.ceil((high - first) / step - 1e-9));
  return Array.from({ length: count + 1 }, (unused, i) => first + i * step);
}

function svg(name, attributes) {
  const node = document.createElementNS('http://www.w3.org/2000/svg', name);
  Object.entries(attributes).forEach(([key, value]) => node.setAttribute(key, value));
  return node;
}

/**
 * Draws training and validation losses.
 *
 * @param train {step, loss} of steps
 * @param valid {step, loss} of evaluations
 */
function drawLosses(area, train, valid) {
  const all = [...train, ...valid];
  const losses = ticks(Math.min(...all.map((p) => p.loss)), Math.max(...all.map((p) => p.loss)));
  const lastStep = Math.max(1, ...all.map((p) => p.step));
  const [low, high] = [losses[0], losses[losses.length - 1]];
  const share = (loss) => (loss - low) / (high - low);
  const point = (p) => `${((UNITS * p.step) / lastStep).toFixed(1)},${(UNITS * (1 - share(p.loss))).toFixed(1)}`;
  const line = (points) => points.map(point).join(' ');

  const chart = svg('svg', { viewBox: `0 0 ${UNITS} ${UNITS}`, preserveAspectRatio: 'none', role: 'img' });
  chart.setAttribute('aria-label', describe(train, valid));
  for (const loss of losses) {
    const y = UNITS * (1 - share(loss));
    chart.append(svg('line', { x1: 0, x2: UNITS, y1: y, y2: y }));
  }
  chart.append(svg('polyline', { class: 'train', points: line(train) }));
  if (valid.length > 0) {
    chart.append(svg('polyline', { class: 'valid', points: line(valid) }));
    chart.append(svg('path', { class: 'valid', d: valid.map((p) => `M${point(p)}h0`).join('') }));
  }
  area.replaceChildren(chart, ...lossLabels(losses, share), ...stepLabels(lastStep));
}

function describe(train, valid) {
  const range = (points) => `${points[0].loss.toFixed(2)} → ${points[points.length - 1].loss.toFixed(2)}`;
  const parts = [];
  if (train.length > 0) {
    parts.push(`training loss ${range(train)}`);
  }
  if (valid.length > 0) {
    parts.push(`validation loss ${range(valid)}`);
  }
  return parts.join(', ');
}

function lossLabels(losses, share) {
  const digits = Math.max(0, -Math.floor(Math.log10(losses[1] - losses[0]) + 1e-9));
  return losses.map((loss) => {
    const label = element('span', { className: 'y', text: loss.toFixed(digits) });
    label.style.bottom = `${100 * share(loss)}%`;
    return label;
  });
}

function stepLabels(lastStep) {
  const step = Math.max(1, tickStep(lastStep));
  const labels = [];
  for (let at = 0; at <= lastStep; at += step) {
    const label = element('span', { className: 'x', text: at.toLocaleString('en') });
    label.style.left = `${(100 * at) / lastStep}%`;
    labels.push(label);
  }
  return labels;
}
