/** One peer under one workload, once. */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import path from 'node:path';

import { environment } from './peers.mjs';
import { Started } from './started.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.join(here, '..');
const loadgen = path.join(root, 'target', 'release', 'loadgen');

/** How long a server may take to listen. */
const STARTING_MS = 15_000;

/** Builds the load generator unless it is up to date. */
export function buildLoadgen() {
  execFileSync('cargo', ['build', '--release', '--quiet', '-p', 'loadgen'], {
    cwd: root,
    stdio: 'inherit'
  });
}

/**
 * @typedef {object} Window
 * @property {number} warmUp Seconds.
 * @property {number} seconds
 * @property {{ tested: string[], load: string[] }} pinning
 */

/**
 * Starts the peer afresh, loads it, and returns loadgen's report with the figure that counts, and
 * what the peer said it runs on.
 *
 * @param {import('./peers.mjs').Peer} peer
 * @param {import('./workloads.mjs').Workload} workload
 * @param {Window} window
 * @returns {Promise<{ figure: number, report: object, backend?: object }>}
 */
export async function measure(peer, workload, window) {
  const run = workload.kind === 'client' ? measureClient : measureServer;
  const { report, told } = await run(peer, workload, window);
  const { backend } = told;
  if (peer.backend && `${backend?.endpoint}/${backend?.transport}` !== peer.backend) {
    throw new Error(`it ran on ${backend?.endpoint}/${backend?.transport}, not on ${peer.backend}`);
  }
  const figure = workload.figure
    ? report[workload.figure]
    : report.process[`cpu_us_per_${workload.unit ?? 'message'}`];
  // Results are for others to read: where this checkout is, is none of them.
  const reason = backend?.reason.replaceAll(root + path.sep, '');
  return { figure, report, backend: backend && { ...backend, reason } };
}

async function measureServer(peer, workload, { warmUp, seconds, pinning }) {
  const port = await freePort();
  const [program, ...args] = peer.server;
  const collects = workload.kind === 'memory' && peer.can.includes('collect');
  const flags = collects && program === process.execPath ? ['--expose-gc'] : [];
  const tls = workload.kind === 'tls' ? { BENCH_TLS: certificate() } : {};
  const server = new Started(
    [...pinning.tested, program, ...flags, ...args, String(port)],
    environment({ ...peer.env, ...tls })
  );
  try {
    await listening(server, port);
    const target = ['--port', String(port), '--pid', String(server.pid)];
    const times =
      workload.kind === 'memory' ? [] : ['--warm-up', String(warmUp), '--seconds', String(seconds)];
    const command =
      workload.kind === 'tls' ? [process.execPath, path.join(here, 'load', 'tls.mjs')] : [loadgen];
    const load = new Started([
      ...pinning.load,
      ...command,
      ...workload.load,
      ...target,
      ...times,
      ...(collects ? ['--collects'] : [])
    ]);
    return { report: await reported(load), told: await told(server) };
  } finally {
    await server.stop();
  }
}

async function measureClient(peer, workload, { warmUp, seconds, pinning }) {
  const load = new Started([
    ...pinning.load,
    loadgen,
    ...workload.load,
    '--warm-up',
    String(warmUp),
    '--seconds',
    String(seconds)
  ]);
  let client;
  try {
    const [, port] = await load.line(/^port (\d+)$/);
    client = new Started([...pinning.tested, ...peer.client, port], environment(peer.env));
    const died = client.ended.then(() => {
      throw client.failure();
    });
    died.catch(() => {});
    const report = await Promise.race([reported(load), died]);
    return { report, told: await told(client) };
  } finally {
    await client?.stop();
    await load.stop();
  }
}

async function reported(load) {
  try {
    const [line] = await load.line(/^\{.*\}$/);
    return JSON.parse(line);
  } finally {
    await load.stop();
  }
}

/** The line of JSON that a peer may print about itself. */
async function told(peer) {
  try {
    const silence = new Promise((resolve) => setTimeout(resolve, 50, ['{}']));
    const [line] = await Promise.race([peer.line(/^\{.*\}$/), silence]);
    return JSON.parse(line);
  } catch {
    return {};
  }
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

/** Resolves when the server accepts connections. */
async function listening(server, port) {
  const deadline = Date.now() + STARTING_MS;
  let status;
  server.ended.then((value) => (status = value));
  while (status === undefined && Date.now() < deadline) {
    if (await accepts(port)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw status === undefined ? new Error('it did not listen in time') : server.failure();
}

function accepts(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}

/** A directory with a key and a certificate for 127.0.0.1, made when there is none yet. */
function certificate() {
  const directory = path.join(here, '.peers', 'tls');
  if (!existsSync(path.join(directory, 'cert.pem'))) {
    mkdirSync(directory, { recursive: true });
    const options =
      '-x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 36500 -subj /CN=127.0.0.1';
    execFileSync(
      'openssl',
      ['req', ...options.split(' '), '-keyout', 'key.pem', '-out', 'cert.pem'],
      { cwd: directory, stdio: 'ignore' }
    );
  }
  return directory;
}
