/**
 * Runs programs on the addon under valgrind's memcheck, and fails on any error or any lost memory in
 * whose stack the addon is:
 *
 *     npm run valgrind                 test/npm/smoke.cjs, half a minute
 *     npm run valgrind -- --scenarios  those of test/compat as well, five minutes
 *
 * Node.js runs without its compilers, because generated code makes memcheck many times slower. What
 * valgrind finds in Node.js itself does not count. Whether the scenarios' transcripts are right is
 * for test/compat: some run into their time limit here.
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ready, root } from './ready.mjs';

const { values } = parseArgs({ options: { scenarios: { type: 'boolean' } } });
const file = (name) => path.join(root, name);
const env = { ...process.env, FERROWS_NATIVE_LIBRARY_PATH: file('build/ferrows.node') };
delete env.WS_NO_NATIVE;

/** Endpoints, Reactor, Deflate. */
const CLASSES = 3;

ready();
const smoke = run([file('test/npm/smoke.cjs'), file('dist')]);
const scenarios =
  !values.scenarios ||
  run([file('test/compat/run.mjs'), file('dist/index.js'), file('dist/index.mjs')]);
process.exitCode = smoke && scenarios ? 0 : 1;

/** Whether the program ends as it should and nothing is wrong with the addon. */
function run(program) {
  const folder = mkdtempSync(path.join(tmpdir(), 'ferrows-valgrind-'));
  const log = path.join(folder, 'log');
  const { status, stdout, error } = spawnSync(
    'valgrind',
    [
      '--leak-check=full',
      '--show-leak-kinds=definite',
      '--num-callers=40',
      '--error-limit=no',
      `--log-file=${log}`,
      process.execPath,
      '--jitless',
      ...program
    ],
    { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 2 ** 30 }
  );
  if (error) throw error;
  const reports = reportsOf(readFileSync(log, 'utf8'));
  rmSync(folder, { recursive: true });

  const ours = reports.filter(
    (report) => /ferrows(_node|_protocol|_reactor|\.node)/.test(report) && !livesOn(report)
  );
  for (const report of ours) console.error(`${report}\n`);
  const native = status === 0 && stdout.includes('"endpoint":"native"');
  if (!native) console.error(`it has not run on the addon (status ${status}): ${stdout}`);
  const name = path.relative(root, program[0]);
  console.log(`${name}: ${reports.length} reports, ${ours.length} of them about the addon`);
  return native && ours.length === 0;
}

/** What the addon makes once, when it is loaded and for its tables of connections, lives on to the end. */
function livesOn(report) {
  const [, count] = / in (\d+) blocks are definitely lost/.exec(report) ?? [];
  if (count === undefined) return false;
  // A reference to the constructor of each of its classes.
  if (/napi_register_module_v1/.test(report)) return Number(count) <= CLASSES;
  return count === '1' && /__napi_impl_helper_\w+::new_c_callback/.test(report);
}

/** Each error with its stack. */
function reportsOf(text) {
  return text
    .split('\n')
    .map((line) => line.replace(/^==\d+== ?/, ''))
    .join('\n')
    .split(/\n\s*\n/)
    .filter((paragraph) => /^\s+(at|by) 0x/m.test(paragraph));
}
