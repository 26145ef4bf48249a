/** Compares instruction counts. */

/** What the counts of the same source may differ by: alignment, and the allocator's luck. */
const TOLERANCE = 0.03;

/**
 * @param {Record<string, number>} baseline By workload.
 * @param {Record<string, number>} measured
 * @returns {{ lines: string[], failed: number }} A line each workload, and how many differ.
 */
export function compare(baseline, measured) {
  const names = [...new Set([...Object.keys(baseline), ...Object.keys(measured)])];
  const width = Math.max(...names.map((name) => name.length));
  let failed = 0;
  const lines = names.map((name) => {
    const verdict = judge(baseline[name], measured[name]);
    if (verdict.differs) failed++;
    const count = measured[name]?.toLocaleString('en') ?? '';
    return `${name.padEnd(width)}  ${count.padStart(14)}  ${verdict.text}`;
  });
  return { lines, failed };
}

function judge(recorded, count) {
  if (count === undefined) return { differs: true, text: 'GONE' };
  if (recorded === undefined) return { differs: true, text: 'NOT RECORDED' };
  const change = count / recorded - 1;
  const percent = `${change < 0 ? '−' : '+'}${Math.abs(change * 100).toFixed(1)} %`;
  if (Math.abs(change) <= TOLERANCE) return { differs: false, text: percent };
  return { differs: true, text: `${percent} ${change > 0 ? 'MORE' : 'FEWER'}` };
}
