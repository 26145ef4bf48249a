/**
 * npm run bench [-- options]: measures ferrows beside its peers, prints tables of ratios, and writes
 * bench/results/full.json (or quick.json). README.md says how and why.
 */

import { mkdirSync, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import path from 'node:path';

import { ready } from '../scripts/ready.mjs';
import { describe, descriptorLimit, pinning } from './machine.mjs';
import { buildLoadgen } from './measure.mjs';
import { BASELINE, NAMES, external, prepare } from './peers.mjs';
import { Progress } from './progress.mjs';
import { Rounds } from './rounds.mjs';
import { table } from './table.mjs';
import { ROUNDS, SLICE, Timing, WARM_UP } from './timing.mjs';
import { WORKLOADS } from './workloads.mjs';

const USAGE = `usage: npm run bench [-- options]
  --quick            few workloads and peers, within three minutes (otherwise all, within thirty)
  --workload NAME    only this one (repeatable): ${WORKLOADS.map(({ name }) => name).join(', ')}
  --peer NAME        only this one (repeatable): ${NAMES.join(', ')}
  --peer NAME=COMMAND  also this server: the command is given a port (see bench/README.md)
  --rounds N         rounds of each workload (default: ${ROUNDS.full}, quick: ${ROUNDS.quick})
  --seconds S        what a peer is measured for in a round (default: what fits)
  --output FILE      where to write the results
  --help`;

const options = parse();
if (options.help) {
  console.log(USAGE);
  process.exit();
}
const rounds = Number(options.rounds ?? (options.quick ? ROUNDS.quick : ROUNDS.full));
if (!(Number.isInteger(rounds) && rounds > 0))
  fail(`--rounds ${options.rounds}: not a number of rounds`);
if (
  options.seconds !== undefined &&
  !(Number(options.seconds) > 0 && Number(options.seconds) <= 60)
) {
  fail(`--seconds ${options.seconds}: not from above 0 to 60`);
}
if (process.platform !== 'linux') fail('the load generator needs Linux (epoll, /proc)');

const machine = describe();
const pins = pinning();
console.log(
  `${machine.cpu}, ${machine.cores} cores, ${machine.memory_gib} GiB, ${machine.kernel}, Node.js ${machine.node}`
);
console.log(
  pins.load.length > 0
    ? 'the process under test on one core, its load on another'
    : 'NOT PINNED: there is one core only, or no taskset; ratios will spread'
);
if (loadavg()[0] > 1) {
  console.log(`BUSY: the load is ${loadavg()[0].toFixed(1)}; ratios will spread`);
}
try {
  ready();
  buildLoadgen();
} catch (error) {
  fail(error.code === 'ENOENT' ? `${error.path} is not installed` : error.message);
}

const workloads = chooseWorkloads();
const peers = choosePeers();
const plan = workloads.map((workload) => ({
  workload,
  peers: peers.filter((peer) => suits(peer, workload))
}));
if (plan.every((part) => part.peers.length === 0)) fail('there is nothing to measure');
const timing = new Timing(plan, rounds, {
  quick: options.quick,
  seconds: options.seconds && Number(options.seconds)
});
const progress = new Progress(plan.reduce((sum, part) => sum + timing.of(part), 0));
console.log(
  `${plan.length} workloads, ${peers.length} peers, ${rounds} rounds of ${timing.seconds.toFixed(2)} s ` +
    `in slices of ${SLICE} s after ${WARM_UP} s of warm-up: ${progress.left().replace(' left', '')}\n`
);

const results = await new Rounds(timing, pins, progress).of(plan);
progress.clear();
for (const measured of results) console.log(`${table(measured)}\n`);
save();

function parse() {
  try {
    return parseArgs({
      options: {
        quick: { type: 'boolean', default: false },
        workload: { type: 'string', multiple: true },
        peer: { type: 'string', multiple: true, default: [] },
        rounds: { type: 'string' },
        seconds: { type: 'string' },
        output: { type: 'string' },
        help: { type: 'boolean', default: false }
      }
    }).values;
  } catch (error) {
    return fail(`${error.message}\n${USAGE}`);
  }
}

function chooseWorkloads() {
  const unknown = options.workload?.find((name) => !WORKLOADS.some((it) => it.name === name));
  if (unknown) fail(`there is no workload ${unknown}\n${USAGE}`);
  const limit = descriptorLimit();
  return WORKLOADS.filter(({ name, quick, descriptors = 0 }) => {
    if (options.workload ? !options.workload.includes(name) : options.quick && !quick) return false;
    if (descriptors <= limit) return true;
    console.log(`${name}: left out, a process may have ${limit} descriptors only (ulimit -Hn)`);
    return false;
  });
}

/** Those that can be had here; the others are named with the reason. */
function choosePeers() {
  const asked = options.peer.filter((name) => NAMES.includes(name));
  const brought = options.peer.filter((name) => !NAMES.includes(name));
  let externals;
  try {
    externals = brought.map(external);
  } catch (error) {
    fail(error.message);
  }
  const found = [];
  for (const name of NAMES) {
    if (asked.length > 0 && name !== BASELINE && !asked.includes(name)) continue;
    try {
      const peer = prepare(name);
      if (options.quick && !peer.quick && !asked.includes(name)) continue;
      found.push(peer);
      console.log(`${name}: ${peer.version}${peer.backend ? ` on ${peer.backend}` : ''}`);
    } catch (error) {
      const reason = String(error.stderr ?? '').trim() || error.message;
      console.log(`${name}: NOT MEASURED, ${reason.split('\n')[0]}`);
    }
  }
  if (!found.some(({ name }) => name === BASELINE)) {
    console.log(`${BASELINE} is what everything is compared with: there will be no ratios`);
  }
  return [...found, ...externals];
}

function suits(peer, { kind, needs }) {
  return (
    Boolean(kind === 'client' ? peer.client : peer.server) && (!needs || peer.can.includes(needs))
  );
}

function save() {
  const file =
    options.output ??
    fileURLToPath(new URL(`results/${options.quick ? 'quick' : 'full'}.json`, import.meta.url));
  mkdirSync(path.dirname(file), { recursive: true });
  const record = {
    measured: new Date().toISOString(),
    machine,
    pinned: pins.load.length > 0,
    baseline: BASELINE,
    rounds,
    window: { seconds: timing.seconds, slice: SLICE, warm_up: WARM_UP },
    results
  };
  writeFileSync(file, `${JSON.stringify(record, null, 1)}\n`);
  console.log(`written to ${path.relative('.', file)}`);
}

function fail(message) {
  console.error(`bench: ${message}`);
  process.exit(2);
}
