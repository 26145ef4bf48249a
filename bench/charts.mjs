/**
 * npm run bench:charts [-- FILE] [--output FOLDER]: makes of the results of a full run
 * (bench/results/full.json) and of the micro benchmarks (bench/results/micro.json, if there is one)
 * doc/performance.md, the pictures in doc/charts/, light and dark, and README.md's part about them; in
 * FOLDER instead of the checkout if that is given.
 */

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import path from 'node:path';

import { THEMES, chart } from './chart.mjs';
import { summarized } from './overview.mjs';
import { page } from './page.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const results = path.join(root, 'bench', 'results');

/** Peers that the overview leaves to the other charts. */
const DETAILS = [
  'ws',
  'ferrows portable + bufferutil',
  'ferrows native',
  'deno',
  'websocket',
  'faye-websocket'
];

/** What is on which chart. */
const CHARTS = [
  {
    name: 'overview',
    title: 'CPU time per message',
    workloads: [
      'echo-20-1',
      'echo-20-16',
      'echo-16k',
      'broadcast-10-200',
      'deflate-512',
      'feed-100'
    ],
    without: DETAILS
  },
  {
    name: 'echo',
    title: 'Echo: CPU time per message',
    workloads: [
      'echo-20-1',
      'echo-20-16',
      'echo-text-100',
      'echo-1k',
      'echo-16k',
      'echo-1m',
      'tls-1k'
    ]
  },
  {
    name: 'broadcast',
    title: 'Broadcast: CPU time per delivery',
    workloads: ['broadcast-1-200', 'broadcast-10-200', 'broadcast-1-2000', 'broadcast-10-2000']
  },
  {
    name: 'deflate',
    title: 'permessage-deflate: CPU time per message',
    workloads: ['deflate-512', 'deflate-512-fresh', 'deflate-16k', 'deflate-16k-fresh']
  },
  {
    name: 'client',
    title: 'Client: CPU time per message received',
    workloads: ['feed-100', 'feed-4k']
  },
  {
    name: 'accept',
    title: 'Opening handshake: CPU time per connection',
    workloads: ['accept']
  },
  {
    name: 'memory',
    title: 'Resident memory of a connection',
    workloads: ['idle-10k', 'idle-100k', 'idle-deflated']
  }
];

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { output: { type: 'string', default: root } }
});
const file = positionals[0] ?? path.join(results, 'full.json');
if (!existsSync(file)) {
  console.error(`${path.relative('.', file)} is not there: npm run bench writes it`);
  process.exit(2);
}
const record = read(file);

// Where there is no reactor, the native endpoint on streams is what one gets.
const measuredNames = record.results.flatMap(({ peers }) => peers.map(({ name }) => name));
const best = measuredNames.includes('ferrows native-reactor') ? [] : ['ferrows native'];

const drawn = CHARTS.map(({ workloads, without = [], ...chart }) => ({
  ...chart,
  measured: workloads
    .map((name) => record.results.find(({ workload }) => workload.name === name))
    .filter(Boolean)
    .map(({ workload, peers }) => ({
      workload,
      peers: peers.filter(({ name }) => best.includes(name) || !without.includes(name))
    }))
})).filter(({ measured }) => measured.length > 0);

mkdirSync(path.join(options.output, 'doc', 'charts'), { recursive: true });
for (const { name, title, measured } of drawn) {
  for (const [theme, colors] of Object.entries(THEMES)) {
    write(`doc/charts/${name}-${theme}.svg`, chart(title, measured, record, colors));
  }
}
write('doc/performance.md', page(drawn, record, microResults()));
const readme = readFileSync(path.join(root, 'README.md'), 'utf8');
const overview = drawn.find(({ name }) => name === 'overview');
if (overview) write('README.md', summarized(readme, overview, record));
console.log(`${drawn.length} charts in doc/charts, doc/performance.md, README.md`);

function read(name) {
  return JSON.parse(readFileSync(name, 'utf8'));
}

function write(name, text) {
  writeFileSync(path.join(options.output, name), text);
}

/** Those of a whole run: of some cases, or of few iterations, nothing can be told. */
function microResults() {
  const micro = path.join(results, 'micro.json');
  if (!existsSync(micro)) return [];
  const { quick, results: measured } = read(micro);
  if (!quick) return measured;
  console.log('bench/results/micro.json is of a quick run: left out');
  return [];
}
