/** Results as text. */

import { BASELINE } from './peers.mjs';

/**
 * One workload's results, a line each peer.
 *
 * @param {import('./rounds.mjs').Measured} measured
 */
export function table({ workload, peers }) {
  const memory = workload.kind === 'memory';
  const head = ['', memory ? 'bytes' : `CPU/${workload.unit ?? 'message'}`, 'ratio', 'spread'];
  if (!memory) head.push('per second', 'p50', 'p99', 'p99.9');
  const rows = peers.map((peer) => {
    const { name, figure, ratio, report, problem } = peer;
    if (problem) return [name, `– ${problem}`];
    const row = [
      name,
      memory ? Math.round(figure).toLocaleString('en') : micro(figure),
      name === BASELINE ? '1' : (ratio?.median.toFixed(2) ?? ''),
      name === BASELINE || !ratio ? '' : `${ratio.low.toFixed(2)}–${ratio.high.toFixed(2)}`
    ];
    if (!memory) {
      row.push(Math.round(report.per_second).toLocaleString('en'));
      row.push(...[report.p50, report.p99, report.p99_9].map(micro));
    }
    return row;
  });
  return [workload.title, ...align([head, ...rows])].join('\n');
}

/** Microseconds in the unit that reads best. */
function micro(value) {
  if (value === undefined) return '';
  if (value >= 1e4) return `${(value / 1e3).toFixed(1)} ms`;
  return `${value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} µs`;
}

/** Columns of equal width; a row that is shorter than the head is text after its name. */
function align(rows) {
  const columns = rows[0].length;
  const full = rows.filter((row) => row.length === columns);
  const width = (column) =>
    Math.max(...(column === 0 ? rows : full).map((row) => row[column].length));
  const widths = Array.from({ length: columns }, (_, column) => width(column));
  return rows.map((row) =>
    row
      .map((cell, column) => {
        if (column === 0) return `  ${cell.padEnd(widths[0])}`;
        return row.length === columns ? cell.padStart(widths[column]) : cell;
      })
      .join('  ')
      .trimEnd()
  );
}
