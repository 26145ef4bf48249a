/** One peer under one workload. */

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

/** How long a server may take to listen, and a peer to say what it runs on. */
const STARTING_MS = 15_000;

/** How long to wait for a word from a peer that need not say anything. */
const SILENCE_MS = 50;

/** Builds the load generator unless it is up to date. */
export function buildLoadgen() {
  execFileSync('cargo', ['build', '--release', '--quiet', '-p', 'loadgen'], {
    cwd: root,
    stdio: 'inherit'
  });
}

/**
 * @typedef {object} Pinning
 * @property {string[]} tested What to put in front of the command under test.
 * @property {string[]} load The same of its load, which has a core of its own then.
 */

/**
 * A peer that has been started afresh, and its load, which stands still but while it is measured.
 */
export class Session {
  #peer;
  #workload;
  #tested;
  #load;

  /** What the peer said it runs on. */
  backend;

  constructor(peer, workload) {
    this.#peer = peer;
    this.#workload = workload;
  }

  /**
   * @param {import('./peers.mjs').Peer} peer
   * @param {import('./workloads.mjs').Workload} workload
   * @param {Pinning} pinning
   */
  static async open(peer, workload, pinning) {
    const session = new Session(peer, workload);
    try {
      if (workload.kind === 'client') await session.#openClient(pinning);
      else await session.#openServer(pinning);
      session.backend = await backendOf(session.#tested, peer);
      return session;
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  async #openServer(pinning) {
    const server = await launch(this.#peer, this.#workload, pinning);
    this.#tested = server.started;
    await listening(server);
    this.#load = this.#startLoad(pinning, server.target);
  }

  async #openClient(pinning) {
    const { client, env } = this.#peer;
    this.#load = this.#startLoad(pinning, []);
    const [, port] = await this.#load.line(/^port (\d+)$/);
    const command = [...pinning.tested, ...client, port];
    this.#tested = new Started(command, { env: environment(env) });
  }

  #startLoad({ load }, target) {
    const node = this.#workload.kind === 'tls';
    const command = node ? [process.execPath, path.join(here, 'load', 'tls.mjs')] : [loadgen];
    // Without a core of its own it would take the tested process's time.
    const manner = node || load.length === 0 ? [] : ['--spin'];
    const parts = [load, command, this.#workload.load, target, ['--on-demand'], manner];
    return new Started(parts.flat(), { input: true });
  }

  /** Loads the peer for so many seconds that do not count. */
  async warmUp(seconds) {
    await this.measure(seconds, 0);
    await this.#ask('report', /^\{.*\}$/);
  }

  /** Loads the peer for so many seconds, after so many that do not count. */
  async measure(warmUp, seconds) {
    await this.#ask(`measure ${warmUp} ${seconds}`, /^measured$/);
  }

  /**
   * The load's report on everything that was measured since the last one, and the figure that counts.
   *
   * @returns {Promise<{ figure: number, report: object }>}
   */
  async report() {
    const [line] = await this.#ask('report', /^\{.*\}$/);
    const report = JSON.parse(line);
    const figure = report.process?.[`cpu_us_per_${this.#workload.unit ?? 'message'}`];
    if (typeof figure !== 'number') throw new Error('nothing came back in time');
    return { figure, report };
  }

  /** Tells the load something and returns its answer. */
  #ask(command, answer) {
    this.#load.tell(command);
    const died = this.#tested.ended.then(() => {
      throw this.#tested.failure();
    });
    return Promise.race([this.#load.line(answer), died]);
  }

  async close() {
    await this.#tested?.stop();
    await this.#load?.stop();
  }
}

/**
 * What a server's connections cost in memory.
 *
 * @param {import('./peers.mjs').Peer} peer
 * @param {import('./workloads.mjs').Workload} workload
 * @param {Pinning} pinning
 * @returns {Promise<{ figure: number, report: object, backend?: object }>}
 */
export async function measureMemory(peer, workload, pinning) {
  const server = await launch(peer, workload, pinning);
  let load;
  try {
    await listening(server);
    const backend = await backendOf(server.started, peer);
    const collect = server.collects ? ['--collects'] : [];
    load = new Started([...pinning.load, loadgen, ...workload.load, ...server.target, ...collect]);
    const [line] = await load.line(/^\{.*\}$/);
    const report = JSON.parse(line);
    return { figure: report[workload.figure], report, backend };
  } finally {
    await server.started.stop();
    await load?.stop();
  }
}

/** Starts a server; whether it listens one has to see. */
async function launch(peer, { kind }, pinning) {
  const port = await freePort();
  const [program, ...args] = peer.server;
  const collects = kind === 'memory' && peer.can.includes('collect');
  const flags = collects && program === process.execPath ? ['--expose-gc'] : [];
  const tls = kind === 'tls' ? { BENCH_TLS: certificate() } : {};
  const started = new Started([...pinning.tested, program, ...flags, ...args, String(port)], {
    env: environment({ ...peer.env, ...tls })
  });
  return {
    started,
    port,
    collects,
    target: ['--port', String(port), '--pid', String(started.pid)]
  };
}

/** What the peer says it runs on. Throws when that is not what was asked for. */
async function backendOf(started, peer) {
  const { backend } = await told(started, peer.backend ? STARTING_MS : SILENCE_MS);
  if (peer.backend && `${backend?.endpoint}/${backend?.transport}` !== peer.backend) {
    throw new Error(`it ran on ${backend?.endpoint}/${backend?.transport}, not on ${peer.backend}`);
  }
  // Results are for others to read: where this checkout is, is none of them.
  return backend && { ...backend, reason: backend.reason.replaceAll(root + path.sep, '') };
}

/** The line of JSON that a peer may print about itself. */
async function told(started, patience) {
  const silence = new Promise((resolve) => setTimeout(resolve, patience, ['{}']));
  const [line] = await Promise.race([started.line(/^\{.*\}$/), silence]);
  return JSON.parse(line);
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
async function listening({ started, port }) {
  const deadline = Date.now() + STARTING_MS;
  let status;
  started.ended.then((value) => (status = value));
  while (status === undefined && Date.now() < deadline) {
    if (await accepts(port)) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw status === undefined ? new Error('it did not listen in time') : started.failure();
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
