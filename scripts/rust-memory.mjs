/**
 * Runs the Rust tests under a tool that finds wrong use of memory. Both need a nightly toolchain:
 *
 *     npm run asan     AddressSanitizer, on crates/protocol and on what reads sockets as well; a minute
 *     npm run miri     Miri, on crates/protocol, with fewer and smaller cases; some minutes
 *
 * What is built lands in target/, apart from other builds.
 */

import { spawnSync } from 'node:child_process';
import { root } from './ready.mjs';

const TARGET = 'x86_64-unknown-linux-gnu';

const TOOLS = {
  asan: {
    args: ['test', '--target', TARGET, '-p', 'ferrows-protocol', '-p', 'ferrows-reactor'],
    env: { RUSTFLAGS: '-Zsanitizer=address' },
    components: []
  },
  miri: {
    args: ['miri', 'test', '-p', 'ferrows-protocol'],
    env: {},
    components: ['miri', 'rust-src']
  }
};

const name = process.argv[2];
const tool = TOOLS[name];
if (tool === undefined) {
  console.error(`usage: node scripts/rust-memory.mjs ${Object.keys(TOOLS).join('|')}`);
  process.exit(2);
}
const { args, env, components } = tool;
for (const component of components) run('rustup', ['+nightly', 'component', 'add', component]);
run('cargo', ['+nightly', ...args, '--locked', ...process.argv.slice(3)]);

function run(file, args) {
  const { status, error } = spawnSync(file, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, ...env, CARGO_TARGET_DIR: `target/${name}` }
  });
  if (error) console.error(`${file}: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}
