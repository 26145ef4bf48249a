/**
 * Runs test/npm/smoke.cjs on the addon under valgrind's memcheck, and fails on any error or any lost
 * memory in whose stack the addon is:
 *
 *     npm run valgrind                   takes half a minute
 *
 * Node.js runs without its compilers, because generated code makes memcheck many times slower. What
 * valgrind finds in Node.js itself does not count.
 */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ready, root } from './ready.mjs';

ready();
const folder = mkdtempSync(path.join(tmpdir(), 'ferrows-valgrind-'));
const log = path.join(folder, 'log');
const env = { ...process.env, FERROWS_NATIVE_LIBRARY_PATH: path.join(root, 'build/ferrows.node') };
delete env.WS_NO_NATIVE;
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
    path.join(root, 'test/npm/smoke.cjs'),
    path.join(root, 'dist')
  ],
  { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 2 ** 30 }
);
if (error) throw error;
const reports = reportsOf(readFileSync(log, 'utf8'));
rmSync(folder, { recursive: true });

const ours = reports.filter(
  (report) => /ferrows(_node|_protocol|_reactor|\.node)/.test(report) && !keptByNode(report)
);
for (const report of ours) console.error(`${report}\n`);
const native = status === 0 && JSON.parse(stdout).backend.endpoint === 'native';
if (!native) console.error(`the program has not run on the addon (status ${status}): ${stdout}`);
console.log(`${reports.length} reports, ${ours.length} of them about the addon`);
process.exitCode = native && ours.length === 0 ? 0 : 1;

/**
 * Whether it is a single reference that Node.js made for the addon: those of its class and of its tables,
 * one each a thread, live until the process ends.
 */
function keptByNode(report) {
  return (
    / in 1 blocks are definitely lost/.test(report) &&
    /at .*\n.* napi_create_reference /.test(report)
  );
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
