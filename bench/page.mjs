/** Results as a page of documentation. */

import { bytes, microseconds } from './chart.mjs';
import { picture } from './picture.mjs';

/**
 * Every chart with its figures.
 *
 * @param {{ name: string, title: string, measured: import('./rounds.mjs').Measured[] }[]} charts
 * @param {object} record
 * @param {{ name: string, size: number, baseline: string, perSecond: Record<string, number> }[]} micro
 * @returns {string} Markdown.
 */
export function page(charts, record, micro) {
  const { machine, rounds, window, baseline, pinned } = record;
  const [overview, ...others] = charts;
  return `# Performance

This page is made by \`npm run bench:charts\` from \`bench/results/full.json\`, which \`npm run bench\` wrote.
What is measured and how, and how to measure your own machine or server: [bench/README.md](../bench/README.md).

Figures are CPU time of the process under test for each message, or resident memory for each connection, and
their ratio to ${baseline}: the median of ${rounds} rounds, and the range. Less is better. Latency and throughput stand
beside them; they depend on what else the machine does.

Measured on ${record.measured.slice(0, 10)}: ${machine.cpu}, ${machine.cores} cores, ${machine.memory_gib} GiB, ${machine.kernel}, Node.js ${machine.node};
${pinned ? 'the process under test on one core and its load on another' : 'not pinned to cores'}; each round ${window.seconds.toFixed(1)} s in slices of ${Math.round(window.slice * 1000)} ms, after ${window.warm_up.toFixed(1)} s of warm-up.
${record.note ? `\n${record.note}\n` : ''}
${versions(record)}

${picture(overview, 'charts')}
${others.map((chart) => section(chart, baseline)).join('')}${alone(micro)}`;
}

function versions({ results }) {
  const peers = new Map(
    results.flatMap(({ peers }) => peers.filter(({ problem }) => !problem)).map((p) => [p.name, p])
  );
  const rows = [...peers.values()].map(({ name, version, backend }) => {
    const on = backend ? `${backend.endpoint} endpoint, ${backend.transport} transport` : '';
    return `| ${name} | ${version} | ${on} | ${backend?.masking ?? ''} |`;
  });
  return ['| | version | ran on | masking |', '|---|---|---|---|', ...rows].join('\n');
}

function section(chart, baseline) {
  const tables = chart.measured.map((measured) => table(measured, baseline));
  return `\n## ${chart.title}\n\n${picture(chart, 'charts')}\n${tables.join('\n')}`;
}

function table({ workload, peers }, baseline) {
  const memory = workload.kind === 'memory';
  const columns = memory
    ? ['memory', 'ratio', 'range']
    : ['CPU', 'ratio', 'range', 'per second', 'p50', 'p99', 'p99.9'];
  const rows = peers.map(({ name, figure, ratio, report, problem }) => {
    if (problem) return [name, `– (${problem})`, ...columns.slice(1).map(() => '')];
    const cells = [
      name,
      memory ? bytes(figure) : microseconds(figure),
      name === baseline ? '1' : (ratio?.median.toFixed(2) ?? ''),
      name === baseline || !ratio ? '' : `${ratio.low.toFixed(2)}–${ratio.high.toFixed(2)}`
    ];
    if (memory) return cells;
    const latencies = [report.p50, report.p99, report.p99_9].map(microseconds);
    return [...cells, Math.round(report.per_second).toLocaleString('en'), ...latencies];
  });
  return [
    `<details><summary>${workload.title}</summary>\n`,
    `| | ${columns.join(' | ')} |`,
    `|---|${columns.map(() => '--:|').join('')}`,
    ...rows.map((cells) => `| ${cells.join(' | ')} |`),
    '\n</details>\n'
  ].join('\n');
}

/** The micro benchmarks: a table each function, a row each size. */
function alone(micro) {
  if (micro.length === 0) return '';
  const names = [...new Set(micro.map(({ name }) => name))];
  const tables = names.map((name) => speeds(micro.filter((result) => result.name === name)));
  return `
## Single functions

Times the speed of the peer that is named first: more is better. \`npm run bench:micro\` measures them.

${tables.join('\n')}`;
}

function speeds(results) {
  const [{ name, baseline, perSecond: first }] = results;
  const peers = Object.keys(first).filter((peer) => peer !== baseline);
  const rows = results.map(({ size, perSecond }) => [
    `${size.toLocaleString('en')} B`,
    ...peers.map((peer) => {
      const ratio = perSecond[peer] / perSecond[baseline];
      return Number.isFinite(ratio) ? ratio.toFixed(2) : '';
    })
  ]);
  return [
    `<details><summary>${name}, to ${baseline}</summary>\n`,
    `| | ${peers.join(' | ')} |`,
    `|---|${peers.map(() => '--:|').join('')}`,
    ...rows.map((cells) => `| ${cells.join(' | ')} |`),
    '\n</details>\n'
  ].join('\n');
}
