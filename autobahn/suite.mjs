/** Runs the suite against one agent, in one direction. */

import { spawn } from 'node:child_process';
import {
  createWriteStream,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync
} from 'node:fs';
import { createServer, connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import path from 'node:path';

const here = path.dirname(fileURLToPath(import.meta.url));

/** Where the suite is set up and its reports are written; ignored by git. */
export const home = path.join(here, '..', '.autobahn');

const wstest = path.join(home, 'suite', 'wstest');

/** Far more than any run takes: both directions with sections 12 and 13 need 15 to 35 minutes. */
const LIMIT_MS = 90 * 60_000;

/** Installs the suite unless it is there. */
export async function setUp() {
  const child = spawn(path.join(here, 'suite', 'setup.sh'), [path.join(home, 'suite')], {
    stdio: 'inherit'
  });
  if ((await ended(child)) !== 0) throw new Error('the suite could not be set up');
}

/**
 * @typedef {object} Run
 * @property {string} agent Name in the report.
 * @property {string} report Directory for report and logs; emptied first.
 * @property {string[]} cases Patterns of cases to run.
 * @property {string[]} exclude Patterns of cases to leave out.
 * @property {string[]} prefix Command that everything is started under (`taskset -c 0`), or none.
 * @property {NodeJS.ProcessEnv} env Environment of the agent.
 * @property {(id: string) => void} onCase Called when a case begins.
 */

/**
 * Runs the fuzzing client against the echo server.
 *
 * @param {Run} run
 * @returns {Promise<import('./report.mjs').Results>} What the suite reported; cases may be missing.
 */
export async function testServer(run) {
  const processes = new Processes(run);
  try {
    const server = processes.start('agent', [process.execPath, path.join(here, 'echo-server.cjs')]);
    const port = await Promise.race([
      new Promise((resolve) =>
        server.lines((line) => /^port (\d+)$/.test(line) && resolve(line.slice(5)))
      ),
      server.ended.then((status) => Promise.reject(processes.failure('agent', status)))
    ]);
    const fuzzer = processes.fuzzer('fuzzingclient', {
      servers: [{ agent: run.agent, url: `ws://127.0.0.1:${port}` }]
    });
    await Promise.race([
      processes.success(fuzzer),
      server.ended.then((status) => Promise.reject(processes.failure('agent', status)))
    ]);
    return processes.results();
  } finally {
    processes.stop();
  }
}

/**
 * Runs the echo client against the fuzzing server.
 *
 * @param {Run} run
 * @returns {Promise<import('./report.mjs').Results>} What the suite reported; cases may be missing.
 */
export async function testClient(run) {
  const processes = new Processes(run);
  try {
    const port = await freePort();
    const url = `ws://127.0.0.1:${port}`;
    const fuzzer = processes.fuzzer('fuzzingserver', { url });
    const died = fuzzer.ended.then((status) =>
      Promise.reject(processes.failure('fuzzingserver', status))
    );
    await Promise.race([accepting(port), died]);
    const client = processes.start(
      'agent',
      [process.execPath, path.join(here, 'echo-client.cjs')],
      {
        URL: url,
        AGENT: run.agent
      }
    );
    await Promise.race([processes.success(client), died]);
    return processes.results();
  } finally {
    processes.stop();
  }
}

/** The processes of one run, each the head of a process group, their output kept in log files. */
class Processes {
  #run;
  #started = [];

  constructor(run) {
    this.#run = run;
    rmSync(run.report, { recursive: true, force: true });
    mkdirSync(run.report, { recursive: true });
  }

  start(name, command, env = {}) {
    const [file, ...args] = [...this.#run.prefix, ...command];
    const child = spawn(file, args, {
      detached: true,
      env: { ...this.#run.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe']
    });
    const log = createWriteStream(this.#log(name));
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    const started = {
      name,
      child,
      ended: ended(child),
      lines: (listener) => onLines(child.stdout, listener)
    };
    started.ended.then(() => log.end());
    started.ended.catch(() => {});
    this.#started.push(started);
    live.add(child);
    return started;
  }

  fuzzer(mode, where) {
    const { report, cases, exclude, onCase } = this.#run;
    const template = readFileSync(path.join(here, 'spec', `${mode}.json`), 'utf8');
    const spec = path.join(report, 'spec.json');
    writeFileSync(
      spec,
      JSON.stringify({
        ...JSON.parse(template),
        ...where,
        outdir: report,
        cases,
        'exclude-cases': exclude
      })
    );
    const options = mode === 'fuzzingserver' ? ['--webport', '0'] : [];
    const fuzzer = this.start(mode, [wstest, '--mode', mode, '--spec', spec, ...options]);
    fuzzer.lines((line) => {
      const id = /^Running test case ID ([\d.]+)/.exec(line);
      if (id) onCase(id[1]);
    });
    return fuzzer;
  }

  /** Resolves when the process ends with status 0 in time. */
  async success({ name, child, ended }) {
    const timer = setTimeout(() => kill(child), LIMIT_MS);
    const status = await ended;
    clearTimeout(timer);
    if (status !== 0) throw this.failure(name, status);
  }

  failure(name, status) {
    const log = this.#log(name);
    const tail = readFileSync(log, 'utf8').trimEnd().split('\n').slice(-15).join('\n  | ');
    return new Error(`${name} ended with status ${status} (log: ${log})\n  | ${tail}`);
  }

  results() {
    const file = path.join(this.#run.report, 'index.json');
    if (!existsSync(file)) throw new Error(`the suite wrote no report: ${file}`);
    return JSON.parse(readFileSync(file, 'utf8'))[this.#run.agent] ?? {};
  }

  stop() {
    for (const { child } of this.#started) kill(child);
  }

  #log(name) {
    return path.join(this.#run.report, `${name}.log`);
  }
}

const live = new Set();

process.on('exit', () => live.forEach(kill));
for (const [signal, status] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129]
]) {
  process.on(signal, () => process.exit(status));
}

function kill(child) {
  if (!live.delete(child)) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

/** The exit status, or the signal that ended the process. */
function ended(child) {
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => resolve(status ?? signal));
  });
}

function onLines(stream, listener) {
  let rest = '';
  stream.on('data', (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop();
    lines.forEach((line) => listener(line.trimEnd()));
  });
}

/** A port for the fuzzing server, which cannot be told to take a free one and say which. */
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

function accepting(port) {
  return new Promise((resolve) => {
    const attempt = () => {
      const socket = connect(port, '127.0.0.1');
      socket.on('connect', () => {
        socket.destroy();
        resolve();
      });
      socket.on('error', () => setTimeout(attempt, 50));
    };
    attempt();
  });
}
