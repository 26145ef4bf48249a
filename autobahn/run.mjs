/**
 * npm run autobahn [-- options]: runs the Autobahn test suite against ferrows in both directions, on
 * every endpoint × transport pair that this machine has, and fails when a case behaves otherwise
 * than expected.json says.
 */

import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import path from 'node:path';

import { ready, root } from '../scripts/ready.mjs';
import { differences, readExpected, select, tally } from './report.mjs';
import { home, setUp, testClient, testServer } from './suite.mjs';

const USAGE = `usage: npm run autobahn [-- options]
  --fast          leave out sections 12 and 13 (compression), which take most of the time
  --pair NAME     run on this pair only: portable, native, native-reactor or native-lean (repeatable)
  --cases LIST    run only these cases, such as '5.*,9.1.1' (repeatable)
  --ws            test stock ws instead, as a yardstick
  --compare FILE  run nothing, compare a report's index.json with the expectations
  --library PATH  test another build: a name or an absolute path that require() takes
  --help`;

/** What makes the library choose a pair, and what it then says of itself. */
const PAIRS = {
  portable: { env: { WS_NO_NATIVE: '1' }, backend: 'portable/stream' },
  native: { env: { WS_NO_REACTOR: '1' }, backend: 'native/stream' },
  'native-reactor': { env: {}, backend: 'native/reactor' },
  'native-lean': { env: { AUTOBAHN_TRANSPORT: 'lean' }, backend: 'native/reactor' }
};

const { values: options } = parseArgs({
  options: {
    fast: { type: 'boolean', default: false },
    pair: { type: 'string', multiple: true },
    cases: { type: 'string', multiple: true },
    ws: { type: 'boolean', default: false },
    compare: { type: 'string' },
    library: { type: 'string' },
    help: { type: 'boolean', default: false }
  }
});

if (options.help) {
  console.log(USAGE);
  process.exit();
}

const cases = (options.cases ?? ['*']).flatMap((list) => list.split(','));
const exclude = options.fast ? ['12.*', '13.*'] : [];
const expected = select(readExpected(new URL('expected.json', import.meta.url)), cases, exclude);
if (Object.keys(expected).length === 0) fail('no case of the suite matches');

/** Cases that were as expected and that were not, over all pairs and directions. */
const counts = { passed: 0, failed: 0 };

if (options.compare) process.exit(compare(options.compare) ? 0 : 1);

const library = options.ws ? 'ws' : (options.library ?? path.join(root, 'dist', 'index.js'));
ready();

await setUp();

const chosen = options.ws ? ['ws'] : pairs();
if (chosen.length === 0) fail('the library runs on none of the pairs');

for (const pair of chosen) await testPair(pair);
console.log(`${counts.passed} passed, ${counts.failed} failed`);
process.exit(counts.failed > 0 ? 1 : 0);

/** The pairs to run on: those asked for, else those that the library has here. */
function pairs() {
  const asked = options.pair ?? Object.keys(PAIRS);
  const unknown = asked.find((name) => !(name in PAIRS));
  if (unknown) fail(`there is no pair ${unknown}\n${USAGE}`);
  return asked.filter((name) => {
    const got = backendUnder(PAIRS[name].env);
    if (got === PAIRS[name].backend) return true;
    const answer = `${name}: not available here, the library runs on ${got}`;
    if (options.pair) fail(answer);
    console.log(answer);
    return false;
  });
}

function backendUnder(env) {
  const script = `const { backend } = require(${JSON.stringify(library)});
    process.stdout.write(backend.endpoint + '/' + backend.transport)`;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['-e', script], {
    env: cleanEnv(env),
    encoding: 'utf8'
  });
  if (status !== 0) fail(stderr);
  return stdout;
}

/** This process's environment without its own choice of a backend. */
function cleanEnv(env) {
  const { WS_NO_NATIVE, WS_NO_REACTOR, AUTOBAHN_TRANSPORT, ...rest } = process.env;
  return { ...rest, ...env, AUTOBAHN_LIBRARY: library };
}

/** Both directions at once, each on a core of its own. */
async function testPair(pair) {
  const { env = {}, backend = '' } = PAIRS[pair] ?? {};
  const began = Date.now();
  const progress = { server: 0, client: 0 };
  const common = (direction, core) => ({
    agent: pair,
    report: path.join(home, 'reports', pair, direction),
    cases,
    exclude,
    prefix: pinnedTo(core),
    env: { ...cleanEnv(env), AUTOBAHN_BACKEND: backend },
    onCase() {
      progress[direction]++;
      show(
        `${pair}: server ${progress.server}, client ${progress.client} of ${Object.keys(expected).length}`
      );
    }
  });
  const settled = await Promise.allSettled([
    testServer(common('server', 0)),
    testClient(common('client', 1))
  ]);
  show('');

  for (const [i, direction] of ['server', 'client'].entries()) {
    const { status, value, reason } = settled[i];
    const name = `${pair} ${direction}`;
    if (status === 'fulfilled') {
      judge(name, value);
    } else {
      counts.failed++;
      console.log(`${name}: FAILED: ${reason.message}`);
    }
  }
  const seconds = Math.round((Date.now() - began) / 1000);
  console.log(
    `${pair}: ${seconds} s; reports in ${path.relative('.', path.join(home, 'reports', pair))}`
  );
}

/** Judges a report that was written elsewhere, one agent after the other. */
function compare(file) {
  const agents = Object.entries(JSON.parse(readFileSync(file, 'utf8')));
  if (agents.length === 0) console.log(`${file}: no agent in it`);
  return agents.length > 0 && agents.map(([name, results]) => judge(name, results)).every(Boolean);
}

/** Prints what the suite found and whether it is as expected. */
function judge(name, results) {
  const wrong = differences(expected, results);
  console.log(
    `${name}: ${Object.keys(results).length} cases: behavior ${tally(results, 'behavior')}; ` +
      `closing ${tally(results, 'behaviorClose')}; ` +
      (wrong.length === 0 ? 'as expected' : `${wrong.length} DIFFERENCES`)
  );
  wrong.forEach((line) => console.log(`  ${line}`));
  const failed = new Set(wrong.map((line) => line.split(':')[0])).size;
  counts.failed += failed;
  counts.passed += Object.keys({ ...expected, ...results }).length - failed;
  return wrong.length === 0;
}

function pinnedTo(core) {
  const usable = availableParallelism() > 1 && spawnSync('taskset', ['-V']).status === 0;
  return usable ? ['taskset', '-c', String(core)] : [];
}

function show(text) {
  if (process.stdout.isTTY) process.stdout.write(`\r\x1b[K${text}`);
}

function fail(message) {
  console.error(`autobahn: ${message}`);
  process.exit(2);
}
