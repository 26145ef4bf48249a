// Runs scenarios on one library and writes one JSON line each to standard output.
//
//   node run.mjs <CommonJS entry> <ES entry> [regular expression]
import { writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { loadScenarios } from './scenarios.mjs';
import { Scenario } from './kit/scenario.mjs';

const LIMIT = 8_000;

const [, , requirePath, importPath, only = ''] = process.argv;
const library = { require: requirePath, import: importPath };
const ws = createRequire(import.meta.url)(requirePath);

let current = null;
const stray = (label) => (value) => current?.lane('process')(label, value);
process.on('uncaughtException', stray('uncaught exception'));
process.on('unhandledRejection', stray('unhandled rejection'));
process.on('warning', (warning) => {
  if (!/Deprecation|Experimental/.test(warning.name)) stray('warning')(warning);
});

write({ backend: ws.backend ?? null });
for (const scenario of await loadScenarios(new RegExp(only))) {
  write({ starting: scenario.id });
  const started = performance.now();
  const lanes = await run(scenario);
  write({ id: scenario.id, lanes, milliseconds: Math.round(performance.now() - started) });
}
process.exit(0);

async function run(scenario) {
  const t = new Scenario(library, ws);
  current = t;
  let timer;
  const limit = new Promise((resolve) => {
    timer = setTimeout(() => {
      t.lane('process')(`scenario timed out waiting for ${t.waitingFor}`);
      resolve();
    }, LIMIT);
  });
  const outcome = Promise.resolve()
    .then(() => scenario.run(ws, t))
    .catch((error) => t.lane('process')(`scenario failed ${error.stack}`));
  await Promise.race([outcome, limit]);
  clearTimeout(timer);
  await t.dispose();
  current = null;
  return t.lanes;
}

function write(line) {
  const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
  for (let offset = 0; offset < bytes.length;) {
    try {
      offset += writeSync(1, bytes, offset);
    } catch (error) {
      if (error.code !== 'EAGAIN') throw error;
    }
  }
}
