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
import { Session, buildLoadgen, measureMemory } from './measure.mjs';
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
  --rounds N         rounds of each workload (default: 5)
  --seconds S        what a peer is measured for in a round (default: what fits)
  --output FILE      where to write the results
  --help`;

/** What a run may take, in seconds, and the least and most that a peer is given in a round. */
const BUDGET = { quick: 155, full: 26 * 60 };
const SECONDS = { least: 0.2, most: 3 };

/**
 * Before a round, for compilers, unless the workload takes them longer; and before every slice of a round,
 * for caches and for what the peer before still had to do.
 */
const WARM_UP = 0.5;
const WARM_UP_AGAIN = 0.025;

/** A slice of a round, unless the workload wants longer ones: shorter than most of a machine's moods. */
const SLICE = 0.075;

/** What starting and stopping processes takes, and what a measurement of memory takes. */
const OVERHEAD = 0.35;
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
const seconds = chooseSeconds();
const progress = new Progress(plan.reduce((sum, part) => sum + partSeconds(part), 0));
console.log(
  `${plan.length} workloads, ${peers.length} peers, ${rounds} rounds of ${seconds.toFixed(2)} s ` +
    `in slices of ${SLICE} s after ${WARM_UP} s of warm-up: ${progress.left().replace(' left', '')}\n`
);

const results = [];
for (const part of plan) {
  const { kind } = part.workload;
  const measured = await (kind === 'memory' ? measureMemories(part) : measureLoaded(part));
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
        rounds: { type: 'string', default: '5' },
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

/** What a peer is measured for in a round, so that all fits into the budget. */
function chooseSeconds() {
  if (options.seconds) return Number(options.seconds);
  const timed = plan.filter(({ workload }) => workload.kind !== 'memory');
  const cells = timed.reduce((sum, part) => sum + part.peers.length, 0) * rounds;
  const warmUps = timed.reduce((sum, part) => sum + part.peers.length * warmUpOf(part), 0) * rounds;
  const memory = plan
    .filter(({ workload }) => workload.kind === 'memory')
    .reduce((sum, part) => sum + part.peers.length * MEMORY, 0);
  const budget = (options.quick ? BUDGET.quick : BUDGET.full) - memory - warmUps;
  const each = budget / cells - OVERHEAD;
  const share = SLICE / (SLICE + WARM_UP_AGAIN);
  return Math.min(SECONDS.most, Math.max(SECONDS.least, each * share));
}

/** How often the peers take turns in a round. */
function slicesOf({ slice = SLICE }) {
  return Math.max(1, Math.round(seconds / slice));
}

function warmUpOf({ workload: { warmUp = WARM_UP } }) {
  return warmUp;
}

function partSeconds(part) {
  const { workload, peers } = part;
  if (workload.kind === 'memory') return peers.length * MEMORY;
  const { slice = SLICE } = workload;
  const slices = slicesOf(workload) * (slice + WARM_UP_AGAIN);
  return peers.length * rounds * (OVERHEAD + warmUpOf(part) + slices);
}

/**
 * All peers under one workload. In every round each starts afresh, as one process of a peer can be a third
 * slower than the next one for as long as it lives. Then they take turns every few milliseconds, so that a
 * mood of the machine meets them all.
 */
async function measureLoaded(part) {
  const { workload, peers } = part;
  const { slice = SLICE } = workload;
  const warmUp = warmUpOf(part);
  const slices = slicesOf(workload);
  const all = peers.map((peer) => ({ peer, measured: [] }));
  const each = async (turn, what) => {
    for (let index = 0; index < all.length; index++) {
      const one = all[(index + turn) % all.length];
      if (one.problem) continue;
      try {
        await what(one);
      } catch (error) {
        one.problem = error.message;
        await one.session?.close();
      }
    }
  };
  for (let round = 0; round < rounds; round++) {
    const doing = `${workload.name}, round ${round + 1}`;
    await each(round, async (one) => {
      progress.show(`${doing}: ${one.peer.name} warms up`);
      one.session = await Session.open(one.peer, workload, pins);
      await one.session.measure(warmUp, WARM_UP_AGAIN);
      await one.session.report();
      progress.advance(OVERHEAD + warmUp);
    });
    for (let turn = 0; turn < slices; turn++) {
      progress.show(doing);
      await each(turn, async ({ session }) => {
        await session.measure(WARM_UP_AGAIN, slice);
        progress.advance(slice + WARM_UP_AGAIN);
      });
    }
    await each(0, async ({ session, measured }) => {
      measured.push(await session.report());
      await session.close();
    });
  }
  return compared(
    workload,
    all.map(({ session, ...one }) => ({ ...one, backend: session?.backend }))
  );
}

/** Memory is the same every time: each peer once. */
async function measureMemories({ workload, peers }) {
  const all = [];
  for (const peer of peers) {
    progress.show(`${workload.name}: ${peer.name}`);
    try {
      const measured = await measureMemory(peer, workload, pins);
      all.push({ peer, measured: [measured], backend: measured.backend });
    } catch (error) {
      all.push({ peer, measured: [], problem: error.message });
    }
    progress.advance(MEMORY);
  }
  return compared(workload, all);
}

/** What was measured of all peers, beside that of the baseline. */
function compared(workload, all) {
  const figures = ({ measured }) => measured.map(({ figure }) => figure);
  const baseline = all.find(({ peer, problem }) => peer.name === BASELINE && !problem);
  return {
    workload,
    peers: all.map((one) => {
      const { name, version } = one.peer;
      if (one.problem) return { name, version, problem: one.problem };
      const reports = one.measured.map(({ report }) => report);
      return {
        name,
        version,
        backend: one.backend,
        figure: median(figures(one)),
        ratio: baseline && ratio(figures(one), figures(baseline)),
        report: summary(reports, workload),
        rounds: reports
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
    window: { seconds, slice: SLICE, warm_up: WARM_UP },
    results
  };
  writeFileSync(file, `${JSON.stringify(record, null, 1)}\n`);
  console.log(`written to ${path.relative('.', file)}`);
}

function fail(message) {
  console.error(`bench: ${message}`);
  process.exit(2);
}
