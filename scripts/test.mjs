/**
 * npm test: installs and builds what is missing, then runs every check and every suite, goes on after
 * one that fails, and ends with the line `N passed, N failed` that counts all of them.
 */

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { command, ready, root } from './ready.mjs';

const CODE = '{src,test,scripts,bench,autobahn,examples}/**/*.{ts,mts,cts,mjs,cjs,js}';

/** In order: what it is called, and how it counts. */
const STEPS = [
  ['types', () => check(node('typescript', 'tsc', '--noEmit'))],
  ['formatting', () => check(node('prettier', 'prettier', '--check', '--log-level', 'warn', CODE))],
  ['vitest', vitest],
  ['rustfmt', () => rust(() => check(['cargo', 'fmt', '--all', '--check']))],
  ['clippy', () => rust(() => check(CLIPPY))],
  ['cargo test', () => rust(cargoTest)]
];

/** Not --all-targets, which takes the unit tests of crates that have none for a target as well. */
const TARGETS = ['--lib', '--bins', '--tests', '--examples', '--benches'];
const CLIPPY = ['cargo', 'clippy', '--workspace', ...TARGETS, '--locked', '--', '-D', 'warnings'];

try {
  ready();
} catch (error) {
  console.error(error.message);
  console.log('0 passed, 1 failed');
  process.exit(1);
}

const results = [];
for (const [name, step] of STEPS) {
  console.log(`\n=== ${name}`);
  results.push({ name, passed: 0, failed: 0, ...(await step()) });
}

console.log('\n=== all');
for (const { name, passed, failed, skipped } of results) {
  console.log(
    `${name}: ` + (skipped ? `skipped: ${skipped}` : `${passed} passed, ${failed} failed`)
  );
}
const passed = results.reduce((sum, result) => sum + result.passed, 0);
const failed = results.reduce((sum, result) => sum + result.failed, 0);
process.exitCode = failed > 0 ? 1 : 0;
console.log(`${passed} passed, ${failed} failed`);

/** Something that holds or does not: counts as one. */
async function check(argv) {
  const { status } = await run(argv);
  return status === 0 ? { passed: 1 } : { failed: 1 };
}

async function vitest() {
  const folder = mkdtempSync(path.join(tmpdir(), 'ferrows-test-'));
  const report = path.join(folder, 'vitest.json');
  try {
    const { status } = await run(
      node('vitest', 'vitest', 'run', '--reporter=default', '--reporter=json').concat(
        `--outputFile.json=${report}`
      )
    );
    if (!existsSync(report)) return { failed: 1 };
    return counted(status, vitestCounts(JSON.parse(readFileSync(report, 'utf8'))));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function vitestCounts({ numPassedTests, numFailedTests, testResults }) {
  // A file that cannot be loaded has failed without having tests.
  const broken = testResults.filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0
  );
  return { passed: numPassedTests, failed: numFailedTests + broken.length };
}

async function cargoTest() {
  const { status, output } = await run([
    'cargo',
    'test',
    '--workspace',
    '--locked',
    '--no-fail-fast'
  ]);
  const counts = { passed: 0, failed: 0 };
  for (const [, p, f] of output.matchAll(/^test result: .*? (\d+) passed; (\d+) failed;/gm)) {
    counts.passed += Number(p);
    counts.failed += Number(f);
  }
  return counted(status, counts);
}

/** A runner that fails without naming a test, or that ran none, counts as one failure. */
function counted(status, { passed, failed }) {
  const silent = failed === 0 && (status !== 0 || passed === 0);
  return { passed, failed: silent ? 1 : failed };
}

/** Runs `step` if there are crates and a toolchain for them. A CI without one has failed. */
function rust(step) {
  const crates = path.join(root, 'crates');
  const any =
    existsSync(crates) &&
    readdirSync(crates).some((name) => existsSync(path.join(crates, name, 'Cargo.toml')));
  if (!any) return { skipped: 'there are no crates' };
  if (spawnSync('cargo', ['--version']).status === 0) return step();
  const reason = 'cargo is not installed (https://rustup.rs)';
  console.log(reason);
  return process.env.CI ? { failed: 1 } : { skipped: reason };
}

function node(packageName, name, ...args) {
  return [process.execPath, command(packageName, name), ...args];
}

/** Runs a command in the root of the checkout, shows what it prints, and returns that as well. */
function run([file, ...args]) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output += text;
      process.stdout.write(text);
    });
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, output }));
  });
}
