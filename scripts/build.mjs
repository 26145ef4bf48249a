/**
 * Builds dist/ (CommonJS, and an ES entry that re-exports it, so that there is one class identity) and,
 * where there is a Rust toolchain, the addon for this machine, build/ferrows.node.
 */

import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, renameSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');

const tsup = path.join(root, 'node_modules', 'tsup', 'dist', 'cli-default.js');
if (!existsSync(tsup)) run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund']);
run(process.execPath, [tsup, '--silent']);

if (spawnSync('cargo', ['--version']).status === 0) {
  buildAddon();
} else {
  console.log('The native addon was skipped: cargo is not installed (https://rustup.rs).');
  console.log('ferrows works without it, on the portable endpoint.');
  // What is released and tested there has to have it.
  if (process.env.CI) process.exitCode = 1;
}

function buildAddon() {
  run('cargo', ['build', '--release', '--locked', '--package', 'ferrows-node']);
  const built = path.join(root, 'target', 'release', libraryName());
  const folder = path.join(root, 'build');
  mkdirSync(folder, { recursive: true });
  // Renamed into place: a process that has the old one loaded keeps it.
  copyFileSync(built, path.join(folder, 'ferrows.node.new'));
  renameSync(path.join(folder, 'ferrows.node.new'), path.join(folder, 'ferrows.node'));
}

function libraryName() {
  if (process.platform === 'win32') return 'ferrows_node.dll';
  return process.platform === 'darwin' ? 'libferrows_node.dylib' : 'libferrows_node.so';
}

function run(file, args) {
  const { status } = spawnSync(file, args, {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32' && file === 'npm'
  });
  if (status !== 0) process.exit(status ?? 1);
}
