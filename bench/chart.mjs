/** Results as bar charts. */

import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';

/** Colours of a theme; the background is the page's. */
export const THEMES = {
  light: {
    text: '#1f2328',
    faint: '#59636e',
    ferrows: '#c2410c',
    baseline: '#57606a',
    other: '#a8b3bf'
  },
  dark: {
    text: '#f0f6fc',
    faint: '#9198a1',
    ferrows: '#fb923c',
    baseline: '#9198a1',
    other: '#57606a'
  }
};

const WIDTH = 800;
/** Room for the names of peers, and for the columns of ratios and figures. */
const LEFT = 220;
const RIGHT = 160;
const BAR = 18;
/** Space above a workload's bars, for its title, and below them. */
const ABOVE = 30;
const BELOW = 8;
/** The longest bar: what is more is told by the columns. */
const LONGEST = 2;

const { document } = parseHTML('<html><body></body></html>');

/**
 * Workloads below each other in one picture.
 *
 * @param {string} title
 * @param {import('./rounds.mjs').Measured[]} measured
 * @param {{ baseline: string, rounds: number, machine: { cpu: string, node: string } }} record
 * @param {typeof THEMES.light} colors
 * @returns {string} An SVG document.
 */
export function chart(title, measured, { baseline, rounds, machine }, colors) {
  const note =
    `× ${baseline}, median of ${rounds} rounds and their range · shorter is better · ` +
    `${machine.cpu}, Node.js ${machine.node}`;
  let y = 52;
  const groups = measured.map(({ workload, peers }) => {
    const svg = bars(workload, peers, baseline, colors);
    svg.setAttribute('y', String(y));
    y += Number(svg.getAttribute('height'));
    return svg.outerHTML;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${y}" viewBox="0 0 ${WIDTH} ${y}"`,
    ` font-family="system-ui, -apple-system, 'Segoe UI', sans-serif" role="img" aria-label="${escape(title)}">`,
    line(title, 24, 17, 600, colors.text),
    line(note, 42, 11, 400, colors.faint),
    ...groups,
    '</svg>\n'
  ].join('');
}

/** A bar each peer, with the range of its rounds, and ratio and figure beside it. */
function bars(workload, peers, baseline, colors) {
  const rows = peers
    .filter(({ problem, ratio }) => !problem && ratio)
    .map(({ name, figure, ratio }) => ({
      name,
      ...ratio,
      times: `${ratio.median.toFixed(2)}×`,
      figure: workload.kind === 'memory' ? bytes(figure) : microseconds(figure),
      color: name.startsWith('ferrows')
        ? colors.ferrows
        : name === baseline
          ? colors.baseline
          : colors.other
    }));
  const within = (value) => Math.min(value, LONGEST);
  const column = (text, dx) =>
    Plot.text(rows, { x: () => LONGEST, y: 'name', text, dx, textAnchor: 'end' });
  return Plot.plot({
    document,
    width: WIDTH,
    height: ABOVE + rows.length * (BAR + 4) + BELOW,
    marginLeft: LEFT,
    marginRight: RIGHT,
    marginTop: ABOVE,
    marginBottom: BELOW,
    style: { background: 'transparent', color: colors.text, fontSize: '12px' },
    x: { domain: [0, LONGEST], axis: null },
    y: { domain: rows.map(({ name }) => name), padding: 0.18, label: null },
    marks: [
      Plot.text([workload.title], {
        frameAnchor: 'top-left',
        dx: 16 - LEFT,
        dy: -20,
        fontWeight: 600
      }),
      Plot.barX(rows, { x: ({ median }) => within(median), y: 'name', fill: 'color', rx2: 2 }),
      Plot.ruleX([1], { stroke: colors.faint, strokeDasharray: '3 3' }),
      Plot.ruleY(rows, {
        x1: ({ low }) => within(low),
        x2: ({ high }) => within(high),
        y: 'name',
        stroke: colors.text,
        strokeOpacity: 0.6
      }),
      column('times', 60),
      column('figure', 140),
      Plot.axisY({ tickSize: 0, label: null, fill: colors.text })
    ]
  });
}

/** CPU time in the unit that reads best. */
export function microseconds(value) {
  if (value >= 1e3) return `${(value / 1e3).toFixed(2)} ms`;
  return `${value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} µs`;
}

/** Memory in the unit that reads best. */
export function bytes(value) {
  return value < 1e4 ? `${(value / 1e3).toFixed(1)} KB` : `${(value / 1e3).toFixed(0)} KB`;
}

function line(content, y, size, weight, fill) {
  return `<text x="16" y="${y}" font-size="${size}" font-weight="${weight}" fill="${fill}">${escape(content)}</text>`;
}

function escape(text) {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
