/** Who is measured. */

import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import path from 'node:path';

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.join(here, '..');

/** What every ratio is a ratio to. */
export const BASELINE = 'ws + bufferutil';

/**
 * @typedef {object} Peer
 * @property {string} name
 * @property {string} version
 * @property {string[]} [server] Command that takes a port; see README.md for what it must do.
 * @property {string[]} [client] Command that takes the port of a feed.
 * @property {NodeJS.ProcessEnv} env
 * @property {string} [backend] The `endpoint/transport` that it has to report.
 * @property {string[]} can Of what not every peer can: broadcast, deflate, tls, collect garbage.
 * @property {boolean} [quick] Part of the quick run.
 * @property {number} [warmUp] Seconds, where compilers take longer than usual.
 */

/** Compilers take that long where every byte is masked in JavaScript. */
const IN_JAVASCRIPT = { warmUp: 1 };

const node = process.execPath;
const file = (...names) => path.join(here, ...names);
const requireHere = createRequire(import.meta.url);

/** Pairs of ferrows and the environment that makes it choose them. */
const FERROWS = {
  portable: { backend: 'portable/stream', env: { WS_NO_NATIVE: '1', WS_NO_BUFFER_UTIL: '1' } },
  'portable + bufferutil': {
    backend: 'portable/stream',
    env: { WS_NO_NATIVE: '1' },
    quick: false
  },
  native: { backend: 'native/stream', env: { WS_NO_REACTOR: '1' } },
  'native-reactor': { backend: 'native/reactor', env: {} },
  'native-lean': { backend: 'native/reactor', env: { BENCH_TRANSPORT: 'lean' }, quick: false }
};

/** Peers that are fetched when they are first measured, each into a directory of its own. */
const FETCHED = {
  bun: ['bun@1.4.5'],
  deno: ['deno@2.9.6'],
  websocket: ['websocket@1.0.35'],
  'faye-websocket': ['faye-websocket@0.11.4', 'permessage-deflate@0.1.7']
};

/** In the order of tables and charts. */
const ADAPTERS = {
  ws: () => ({ ...ofWs({ WS_NO_BUFFER_UTIL: '1' }), ...IN_JAVASCRIPT, quick: false }),
  [BASELINE]() {
    requireHere('bufferutil');
    return ofWs({});
  },
  ...Object.fromEntries(
    Object.entries(FERROWS).map(([pair, choice]) => [`ferrows ${pair}`, () => ofFerrows(choice)])
  ),
  bun() {
    const bun = binary('bun', '@oven/bun-', 'bin/bun');
    return {
      version: versionOf('bun', 'bun'),
      server: [bun, file('servers', 'bun.js')],
      client: [bun, file('clients', 'global.mjs')],
      can: ['broadcast', 'deflate', 'collect'],
      quick: true
    };
  },
  deno() {
    const deno = [binary('deno', '@deno/', 'deno'), 'run', '--allow-net', '--no-config'];
    return {
      version: versionOf('deno', 'deno'),
      server: [...deno, file('servers', 'deno.js')],
      client: [...deno, file('clients', 'global.mjs')],
      can: ['broadcast']
    };
  },
  'node WebSocket'() {
    const [major] = process.versions.node.split('.').map(Number);
    if (major < 20) throw new Error(`Node.js ${process.version} has no global WebSocket`);
    const flags = major < 22 ? ['--experimental-websocket'] : [];
    return {
      version: process.version,
      client: [node, ...flags, file('clients', 'global.mjs')],
      can: [],
      quick: true
    };
  },
  websocket: () => ofPackage('websocket', ['broadcast', 'collect']),
  'faye-websocket': () => ofPackage('faye-websocket', ['broadcast', 'deflate', 'collect'])
};

export const NAMES = Object.keys(ADAPTERS);

/**
 * Makes a peer ready, fetching it when it is missing. Throws when it cannot be measured here.
 *
 * @param {string} name
 * @returns {Peer}
 */
export function prepare(name) {
  if (name in FETCHED) fetch(name);
  return { name, env: {}, ...ADAPTERS[name]() };
}

/**
 * A peer that the command line brings: `name=command`.
 *
 * @param {string} text
 * @returns {Peer}
 */
export function external(text) {
  const [, name, command] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  if (!command)
    throw new Error(`--peer ${text}: neither one of ${NAMES.join(', ')} nor NAME=COMMAND`);
  const server = command.split(/\s+/);
  return { name, version: '', env: {}, server, can: ['broadcast', 'deflate'], quick: true };
}

function ofWs(env) {
  return {
    version: requireHere('ws/package.json').version,
    server: [node, file('servers', 'ws.cjs')],
    client: [node, file('clients', 'ws.cjs')],
    can: ['broadcast', 'deflate', 'tls', 'collect'],
    env,
    quick: true
  };
}

function ofFerrows({ backend, env, quick = true }) {
  const library = path.join(root, 'dist', 'index.js');
  if (!env.WS_NO_BUFFER_UTIL && env.WS_NO_NATIVE) requireHere('bufferutil');
  const script = `const { backend } = require(${JSON.stringify(library)}); console.log(JSON.stringify(backend))`;
  const found = JSON.parse(
    execFileSync(node, ['-e', script], { env: environment(env), encoding: 'utf8' })
  );
  if (`${found.endpoint}/${found.transport}` !== backend) {
    throw new Error(`ferrows runs on ${found.endpoint}/${found.transport} (${found.reason})`);
  }
  const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  return { ...ofWs({ ...env, BENCH_LIBRARY: library }), version, backend, quick };
}

function ofPackage(name, can) {
  const env = { NODE_PATH: path.join(home(name), 'node_modules') };
  return {
    version: versionOf(name, name),
    server: [node, file('servers', `${name}.cjs`)],
    client: [node, file('clients', `${name}.cjs`)],
    can,
    env,
    ...IN_JAVASCRIPT
  };
}

/** This process's environment without its own choice of a backend. */
export function environment(env) {
  const { WS_NO_NATIVE, WS_NO_REACTOR, WS_NO_BUFFER_UTIL, WS_NO_UTF_8_VALIDATE, ...rest } =
    process.env;
  return { ...rest, ...env };
}

function home(name) {
  return file('.peers', name);
}

function fetch(name) {
  const wanted = JSON.stringify(FETCHED[name]);
  const stamp = path.join(home(name), 'fetched');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  mkdirSync(home(name), { recursive: true });
  writeFileSync(path.join(home(name), 'package.json'), '{ "private": true }');
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock'];
  // Who has no network waits a minute for each otherwise.
  options.push('--fetch-retries=1', '--fetch-retry-mintimeout=1000', '--loglevel=error');
  execFileSync('npm', ['install', ...options, ...FETCHED[name]], {
    cwd: home(name),
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: 5 * 60_000
  });
  writeFileSync(stamp, wanted);
}

function versionOf(name, dependency) {
  const manifest = path.join(home(name), 'node_modules', dependency, 'package.json');
  return JSON.parse(readFileSync(manifest, 'utf8')).version;
}

/** The executable in the package of a platform that npm chose; its own install script is not needed. */
function binary(name, prefix, within) {
  const { optionalDependencies } = JSON.parse(
    readFileSync(path.join(home(name), 'node_modules', name, 'package.json'), 'utf8')
  );
  const found = Object.keys(optionalDependencies)
    .filter((dependency) => dependency.startsWith(prefix))
    .map((dependency) => path.join(home(name), 'node_modules', dependency, within))
    .find(existsSync);
  if (!found) throw new Error(`npm has no ${name} for ${process.platform} ${process.arch}`);
  return found;
}
