/**
 * Builds the addon for one of the targets of npm/targets.json:
 *
 *     npm run build:native -- --target x86_64-unknown-linux-musl
 *
 * to build/<package>/ferrows.node. Linux targets are linked by Zig, whose C library is as old as
 * wanted: glibc 2.17. Zig and cargo-zigbuild come from PyPI, into target/zig.
 */

import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { root, targets } from './npm-packages.mjs';

const GLIBC = '2.17';

const { values } = parseArgs({ options: { target: { type: 'string' } } });
const entry = targets.find(({ target }) => target === values.target);
if (entry === undefined) {
  console.error(`--target is one of\n  ${targets.map(({ target }) => target).join('\n  ')}`);
  process.exit(2);
}

const { target, os, libc } = entry;
const zig = path.join(root, 'target', 'zig');
const env = { ...process.env };
run('rustup', ['target', 'add', target]);
if (os === 'linux') {
  if (!existsSync(path.join(zig, 'bin', 'cargo-zigbuild'))) {
    run('python3', ['-m', 'venv', zig]);
    run(path.join(zig, 'bin', 'pip'), ['install', '--quiet', 'ziglang', 'cargo-zigbuild']);
  }
  env.PATH = `${path.join(zig, 'bin')}${path.delimiter}${env.PATH}`;
  // A shared library for musl takes the C library of the process that loads it.
  if (libc === 'musl') env.RUSTFLAGS = `${env.RUSTFLAGS ?? ''} -C target-feature=-crt-static`;
}
const zigTarget = libc === 'glibc' ? `${target}.${GLIBC}` : target;
const options = ['--release', '--locked', '--package', 'ferrows-node', '--target'];
if (os === 'linux') run('cargo', ['zigbuild', ...options, zigTarget]);
else run('cargo', ['build', ...options, target]);

const name = {
  linux: 'libferrows_node.so',
  darwin: 'libferrows_node.dylib',
  win32: 'ferrows_node.dll'
};
const folder = path.join(root, 'build', entry.package);
mkdirSync(folder, { recursive: true });
copyFileSync(
  path.join(root, 'target', target, 'release', name[os]),
  path.join(folder, 'ferrows.node')
);
console.log(path.relative(root, path.join(folder, 'ferrows.node')));

function run(file, args) {
  const { status, error } = spawnSync(file, args, { cwd: root, stdio: 'inherit', env });
  if (error) console.error(`${file}: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}
