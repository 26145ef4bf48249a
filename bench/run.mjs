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
import { buildLoadgen, measure } from './measure.mjs';
import { BASELINE, NAMES, external, prepare } from './peers.mjs';
import { Progress } from './progress.mjs';
import { median, ratio } from './statistics.mjs';
import { table } from './table.mjs';
import { WORKLOADS } from './workloads.mjs';

const USAGE = `usage: npm run bench [-- options]
  --quick            few workloads and peers, within three minutes (otherwise all, within thirty)
  --workload NAME    only this one (repeatable): ${WORKLOADS.map(({ name }) => name).join(', ')}
  --peer NAME        only this one (repeatable): ${NAMES.join(', ')}
  --peer NAME=COMMAND  also this server: the command is given a port (see bench/README.md)
  --rounds N         rounds of each workload (default: 3)
  --seconds S        length of each measurement, after half as much warm-up (default: what fits)
  --output FILE      where to write the results
  --help`;

/** What a run may take, in seconds, and the least and most that one measurement is given of it. */
const BUDGET = { quick: 155, full: 26 * 60 };
const SECONDS = { least: 0.5, most: 3 };

/** What starting and stopping processes takes, and what a measurement of memory takes. */
const OVERHEAD = 0.6;
const MEMORY = 12;

/**
 * @typedef {object} Measured
 * @property {import('./workloads.mjs').Workload} workload
 * @property {object[]} peers By peer: name, version, backend, figure, ratio, report, or a problem.
 */

const options = parse();
if (options.help) {
  console.log(USAGE);
  process.exit();
}
const rounds = Number(options.rounds);
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
const window = chooseWindow();
const progress = new Progress(plan.reduce((sum, part) => sum + partSeconds(part), 0));
console.log(
  `${plan.length} workloads, ${peers.length} peers, ${rounds} rounds of ${window.seconds.toFixed(1)} s ` +
    `after ${window.warmUp.toFixed(1)} s of warm-up: ${progress.left().replace(' left', '')}\n`
);

const results = [];
for (const part of plan) {
  const measured = await measurePart(part);
  results.push(measured);
  progress.clear();
  console.log(`${table(measured)}\n`);
  if (!process.stderr.isTTY && part !== plan.at(-1)) console.error(`${progress.left()}\n`);
}
save();

function parse() {
  try {
    return parseArgs({
      options: {
        quick: { type: 'boolean', default: false },
        workload: { type: 'string', multiple: true },
        peer: { type: 'string', multiple: true, default: [] },
        rounds: { type: 'string', default: '3' },
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

/** As long as the budget allows, a third of it for warm-up. */
function chooseWindow() {
  const timed = plan.filter(({ workload }) => workload.kind !== 'memory');
  const cells = timed.reduce((sum, part) => sum + part.peers.length, 0) * rounds;
  const memory = plan
    .filter(({ workload }) => workload.kind === 'memory')
    .reduce((sum, part) => sum + part.peers.length * MEMORY, 0);
  const each = ((options.quick ? BUDGET.quick : BUDGET.full) - memory) / cells - OVERHEAD;
  const fits = Math.min(SECONDS.most, Math.max(SECONDS.least, each * 0.65));
  const seconds = options.seconds ? Number(options.seconds) : fits;
  return { seconds, warmUp: seconds * 0.5, pinning: pins };
}

function cellSeconds({ kind }) {
  return kind === 'memory' ? MEMORY : window.seconds + window.warmUp + OVERHEAD;
}

function partSeconds(part) {
  return part.peers.length * roundsOf(part.workload) * cellSeconds(part.workload);
}

/** Memory is the same in every round. */
function roundsOf({ kind }) {
  return kind === 'memory' ? 1 : rounds;
}

/** All peers under one workload, in turns, each round beginning with another. */
async function measurePart({ workload, peers }) {
  const measurements = new Map(peers.map((peer) => [peer, []]));
  const problems = new Map();
  for (let round = 0; round < roundsOf(workload); round++) {
    for (let turn = 0; turn < peers.length; turn++) {
      const peer = peers[(turn + round) % peers.length];
      progress.show(`${workload.name}: ${peer.name}, round ${round + 1}`);
      if (!problems.has(peer)) {
        try {
          measurements.get(peer)[round] = await measure(peer, workload, window);
        } catch (error) {
          problems.set(peer, error.message);
        }
      }
      progress.advance(cellSeconds(workload));
    }
  }
  const figures = (peer) => Array.from(measurements.get(peer), (measured) => measured?.figure);
  const baseline = peers.find(({ name }) => name === BASELINE);
  return {
    workload,
    peers: peers.map((peer) => {
      const { name, version } = peer;
      if (problems.has(peer)) return { name, version, problem: problems.get(peer) };
      const measured = measurements.get(peer);
      return {
        name,
        version,
        backend: measured[0].backend,
        figure: median(figures(peer)),
        ratio: baseline && ratio(figures(peer), figures(baseline)),
        report: summary(
          measured.map(({ report }) => report),
          workload
        ),
        rounds: measured.map(({ report }) => report)
      };
    })
  };
}

/** Medians of what stands beside the headline figure. */
function summary(reports, { kind, unit = 'message' }) {
  if (kind === 'memory') return {};
  const middle = (pick) => median(reports.map(pick));
  return {
    per_second: middle((report) => report[`${unit}s_per_second`]),
    megabytes_per_second: middle((report) => report.megabytes_per_second ?? 0),
    p50: middle((report) => report.latency_us.p50),
    p99: middle((report) => report.latency_us.p99),
    p99_9: middle((report) => report.latency_us['p99.9'])
  };
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
    window: { seconds: window.seconds, warm_up: window.warmUp },
    results
  };
  writeFileSync(file, `${JSON.stringify(record, null, 1)}\n`);
  console.log(`written to ${path.relative('.', file)}`);
}

function fail(message) {
  console.error(`bench: ${message}`);
  process.exit(2);
}
