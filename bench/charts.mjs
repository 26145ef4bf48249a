/**
 * npm run bench:charts [-- FILE]: makes of the results of a full run (bench/results/full.json) the
 * pictures in bench/results/, light and dark, and doc/performance.md.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import path from 'node:path';

import { THEMES, chart } from './chart.mjs';
import { page } from './page.mjs';

const results = fileURLToPath(new URL('results/', import.meta.url));
const document = fileURLToPath(new URL('../doc/performance.md', import.meta.url));

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

const record = JSON.parse(readFileSync(process.argv[2] ?? path.join(results, 'full.json'), 'utf8'));

const drawn = CHARTS.map(({ workloads, without = [], ...chart }) => ({
  ...chart,
  measured: workloads
    .map((name) => record.results.find(({ workload }) => workload.name === name))
    .filter(Boolean)
    .map(({ workload, peers }) => ({
      workload,
      peers: peers.filter(({ name }) => !without.includes(name))
    }))
})).filter(({ measured }) => measured.length > 0);

for (const { name, title, measured } of drawn) {
  for (const [theme, colors] of Object.entries(THEMES)) {
    writeFileSync(
      path.join(results, `${name}-${theme}.svg`),
      chart(title, measured, record, colors)
    );
  }
}
writeFileSync(document, page(drawn, record));
console.log(`${drawn.length} charts in bench/results, and doc/performance.md`);
