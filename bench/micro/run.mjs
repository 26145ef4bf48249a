/**
 * Masking, validation, parsing and framing, alone:
 *
 *     npm run bench:micro                     everything, in about ten minutes
 *     npm run bench:micro -- --quick          few iterations: to see that it works
 *     npm run bench:micro -- --only 'parse'   the cases whose name has that in it
 *
 * Prints operations a second as ratios: above 1 is faster than the peer named in the head. Every peer's
 * answers are checked before it is measured. Writes bench/results/micro.json, which `npm run bench:charts`
 * makes tables of, or micro-quick.json if that was not everything.
 */

import Benchmark from 'benchmark';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { describe } from '../machine.mjs';
import { casesOf } from './cases.mjs';

const SIZES = [8, 16, 32, 64, 128, 512, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576];
const QUICK_SIZES = [8, 64, 1024, 65_536, 1_048_576];

const ROUNDS = 3;

const { values } = parseArgs({
  options: { quick: { type: 'boolean' }, only: { type: 'string', default: '' } }
});
const timing = values.quick
  ? { maxTime: 0.02, minTime: 0.005, minSamples: 2 }
  : { maxTime: 0.2, minSamples: 5 };

const results = [];
for (const size of values.quick ? QUICK_SIZES : SIZES) {
  for (const each of casesOf(size)) {
    if (each.name.includes(values.only)) results.push(await measured(each));
  }
}

for (const name of new Set(results.map((result) => result.name))) print(name);
const folder = path.join(path.dirname(fileURLToPath(import.meta.url)), '..', 'results');
mkdirSync(folder, { recursive: true });
const whole = !values.quick && values.only === '';
writeFileSync(
  path.join(folder, whole ? 'micro.json' : 'micro-quick.json'),
  `${JSON.stringify({ machine: describe(), quick: values.quick ?? false, results }, null, 1)}\n`
);

/** The peers take turns, and the best round of each counts: what else the machine does only slows. */
async function measured({ name, size, baseline, peers, check }) {
  const perSecond = {};
  for (let round = 0; round < ROUNDS; round++) {
    for (const [peer, work] of Object.entries(peers)) {
      check(work, peer);
      const benchmark = new Benchmark(`${name} ${size} ${peer}`, work, timing);
      benchmark.run();
      if (benchmark.error) throw benchmark.error;
      check(work, peer);
      perSecond[peer] = Math.max(perSecond[peer] ?? 0, benchmark.hz);
      // What streams have put off.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
  return { name, size, baseline, perSecond };
}

function print(name) {
  const rows = results.filter((result) => result.name === name);
  console.log(`\n${name}: times the speed of ${rows[0].baseline}`);
  console.table(
    Object.fromEntries(
      rows.map(({ size, baseline, perSecond }) => [
        `${size} B`,
        Object.fromEntries(
          Object.entries(perSecond)
            .filter(([peer]) => peer !== baseline)
            .map(([peer, hz]) => [peer, (hz / perSecond[baseline]).toFixed(2)])
        )
      ])
    )
  );
}
