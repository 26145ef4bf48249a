/**
 * node bench/agreement.mjs FILE FILE: how far two runs on the same machine agree on the ratios of CPU time.
 * Prints every ratio in which they differ by more than 15 %, and how many that are of how many.
 */

import { readFileSync } from 'node:fs';

import { disagreement } from './statistics.mjs';

const LIMIT = 0.15;

const files = process.argv.slice(2);
if (files.length !== 2) {
  console.error('usage: node bench/agreement.mjs FILE FILE');
  process.exit(2);
}
const [first, second] = files.map((file) => ratios(JSON.parse(readFileSync(file, 'utf8'))));
const common = [...first.keys()].filter((name) => second.has(name));
const differences = common.map((name) => ({
  name,
  by: disagreement(first.get(name), second.get(name))
}));
const apart = differences.filter(({ by }) => by > LIMIT).sort((a, b) => b.by - a.by);
for (const { name, by } of apart) {
  const [a, b] = [first, second].map((run) => run.get(name).toFixed(3));
  console.log(`${name}: ${a} and ${b}, ${percent(by)} apart`);
}
const sorted = differences.map(({ by }) => by).sort((a, b) => a - b);
const at = (share) => percent(sorted[Math.ceil(share * sorted.length) - 1] ?? 0);
console.log(
  `${common.length - apart.length} of ${common.length} ratios agree within ${percent(LIMIT)}; ` +
    `half of them within ${at(0.5)}, nine of ten within ${at(0.9)}`
);

/** By workload and peer; memory is not CPU time, and the baseline's ratio always is 1. */
function ratios({ baseline, results }) {
  const all = results
    .filter(({ workload }) => workload.kind !== 'memory')
    .flatMap(({ workload, peers }) => peers.map((peer) => [workload.name, peer]))
    .filter(([, { name, ratio }]) => name !== baseline && ratio);
  return new Map(all.map(([workload, { name, ratio }]) => [`${workload}, ${name}`, ratio.median]));
}

function percent(share) {
  return `${Math.round(share * 100)} %`;
}
