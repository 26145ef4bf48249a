/**
 * npm run demo: installs and builds what is missing, then sends the same traffic to a server on
 * ferrows and to one on stock ws, in turns, and prints how they compare. Takes half a minute.
 */

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { ready, root } from './ready.mjs';

const ROUNDS = 5;
/** How long a workload runs on a server in one round; a third of it more goes ahead, to warm up. */
const ROUND_MS = Number(process.env.DEMO_ROUND_MS ?? 1200);
/** Far more than everything takes. */
const LIMIT_MS = 110_000;

ready();

const limit = setTimeout(() => {
  console.error('demo: not done in time');
  process.exit(1);
}, LIMIT_MS);

const require = createRequire(import.meta.url);
const { WORKLOADS } = await import('./demo/workloads.mjs');
const ferrows = await start('ferrows', root);
const ws = await start('ws', require.resolve('ws'));

await converse(ferrows.port);
console.log(`\nNode.js ${process.version}, ${process.platform} ${process.arch}`);
console.log(`ws       ${require('ws/package.json').version}${installed('bufferutil')}`);
console.log(`ferrows  ${require('../package.json').version} on ${describe(ferrows.backend)}`);

for (const workload of WORKLOADS) {
  console.log(`\n${workload.title}`);
  const rounds = [];
  for (let i = 0; i < ROUNDS; i++) {
    // Whatever else the machine does hits both alike.
    const order = i % 2 === 0 ? [ws, ferrows] : [ferrows, ws];
    const round = {};
    for (const server of order) round[server.name] = await measure(server, workload);
    rounds.push(round);
  }
  print(rounds);
}

ferrows.stop();
ws.stop();
clearTimeout(limit);

/** A server process on `library`. */
async function start(name, library) {
  const child = fork(fileURLToPath(new URL('demo/server.cjs', import.meta.url)), [library]);
  const exited = once(child, 'exit').then(([status]) => {
    throw new Error(`the server on ${name} has ended with status ${status}`);
  });
  exited.catch(() => {});
  const answer = async () => (await Promise.race([once(child, 'message'), exited]))[0];
  const { port, backend } = await answer();
  return {
    name,
    port,
    backend,
    /** Microseconds of processor time used until now, in user and system mode. */
    async cpu() {
      child.send('cpu');
      return (await answer()).cpu;
    },
    stop: () => child.disconnect()
  };
}

/** A client of ferrows talks to the server on ferrows. */
async function converse(port) {
  const WebSocket = require('ferrows');
  const client = new WebSocket(`ws://127.0.0.1:${port}`);
  await once(client, 'open');
  for (const message of ['hello', Buffer.from([1, 2, 3])]) {
    client.send(message);
    const [data, isBinary] = await once(client, 'message');
    const shown = isBinary ? [...data] : JSON.stringify(String(data));
    console.log(`client sent and got back ${isBinary ? 'binary' : 'text'}:`, shown);
  }
  client.close(1000, 'done');
  const [code] = await once(client, 'close');
  console.log(`connection closed with status code ${code}`);
}

/** Messages per second delivered to clients, and the server's processor time for each. */
async function measure(server, workload) {
  const traffic = await workload.start(server.port);
  const running = async () => {
    await delay(ROUND_MS / 3);
    const before = {
      messages: traffic.delivered(),
      cpu: await server.cpu(),
      at: performance.now()
    };
    await delay(ROUND_MS);
    const messages = traffic.delivered() - before.messages;
    const seconds = (performance.now() - before.at) / 1000;
    return { rate: messages / seconds, cpu: ((await server.cpu()) - before.cpu) / messages };
  };
  try {
    return await Promise.race([running(), traffic.failed]);
  } finally {
    traffic.stop();
  }
}

function print(rounds) {
  const row = (label, of, digits) => {
    const [a, b] = ['ws', 'ferrows'].map((name) => median(rounds.map((round) => of(round[name]))));
    const ratio = median(rounds.map((round) => of(round.ferrows) / of(round.ws)));
    const cells = [number(a, digits), number(b, digits), `${ratio.toFixed(2)}x`];
    console.log(`  ${label.padEnd(32)}${cells.map((cell) => cell.padStart(12)).join('')}`);
  };
  console.log(
    `  ${''.padEnd(32)}${['ws', 'ferrows', 'ratio'].map((s) => s.padStart(12)).join('')}`
  );
  row('messages per second', (result) => result.rate, 0);
  row('server CPU per message, us', (result) => result.cpu, 2);
}

function describe({ endpoint, transport, masking, reason }) {
  return `${endpoint} endpoint, ${transport} transport, masking by ${masking} (${reason})`;
}

function installed(name) {
  try {
    return ` with ${name} ${require(`${name}/package.json`).version}`;
  } catch {
    return ` without ${name}`;
  }
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[(sorted.length - 1) >> 1];
}

function number(value, digits) {
  return value.toLocaleString('en', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits
  });
}

function delay(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
