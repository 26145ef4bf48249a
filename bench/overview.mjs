/** README.md's part about the results. */

import { microseconds } from './chart.mjs';
import { picture } from './picture.mjs';

const BEGIN = '<!-- npm run bench:charts writes this -->\n';
const END = '<!-- as far as here -->\n';

/**
 * README.md's text with the overview's picture and ratios between its two marks.
 *
 * @param {string} readme
 * @param {{ name: string, title: string, measured: import('./rounds.mjs').Measured[] }} overview
 * @param {object} record
 */
export function summarized(readme, overview, record) {
  const begin = readme.indexOf(BEGIN);
  const end = readme.indexOf(END);
  if (begin === -1 || end < begin) throw new Error(`README.md has no ${BEGIN.trim()} … ${END}`);
  const before = readme.slice(0, begin + BEGIN.length);
  return `${before}\n${section(overview, record)}\n${readme.slice(end)}`;
}

function section(overview, record) {
  const { baseline, machine, rounds } = record;
  return `${picture(overview, 'doc/charts')}
CPU time per message, as the ratio to ${baseline}; less is better. The median of ${rounds} rounds on
${machine.cpu}, ${machine.cores} cores, Node.js ${machine.node}.

${table(overview.measured, baseline)}

[doc/performance.md](doc/performance.md) has everything that was measured, and \`npm run bench\` measures
your machine.
`;
}

function table(measured, baseline) {
  const names = [...new Set(measured.flatMap(({ peers }) => peers.map(({ name }) => name)))];
  const others = names.filter((name) => name !== baseline);
  const rows = measured.map(({ workload, peers }) => {
    const of = (name) => peers.find((peer) => peer.name === name && !peer.problem);
    const figure = of(baseline)?.figure;
    const cells = others.map((name) => of(name)?.ratio?.median.toFixed(2) ?? '');
    return [workload.title, figure === undefined ? '' : microseconds(figure), ...cells];
  });
  return [['', baseline, ...others], ['---', ...[baseline, ...others].map(() => '--:')], ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');
}
