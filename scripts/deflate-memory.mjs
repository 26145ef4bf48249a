/**
 * What connections cost that have sent and received a compressed message and are idle now:
 *
 *     node scripts/deflate-memory.mjs [CONNECTIONS] [SECONDS] [LIBRARY…]
 *
 * Each library (dist/index.js and stock ws by default) serves 10,000 clients of this package, with
 * context takeover. Each exchanges one message of 200 bytes, and 10 seconds later the resident memory
 * of the server is divided by the number of its connections.
 */

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { setTimeout as after } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import path from 'node:path';

const require = createRequire(import.meta.url);
const file = fileURLToPath(import.meta.url);
const own = path.join(path.dirname(file), '..', 'dist', 'index.js');

/** Connections that are opened at the same time. */
const OPENING = 100;

if (process.env.DEFLATE_MEMORY_ROLE === 'server') serve();
else if (process.env.DEFLATE_MEMORY_ROLE === 'clients') connect();
else measure();

async function measure() {
  const [connections = '10000', seconds = '10', ...named] = process.argv.slice(2);
  for (const library of named.length > 0 ? named : [own, 'ws']) {
    const server = start('server', library);
    const [{ port, backend, resident: before }] = await once(server, 'message');
    const clients = start('clients', own, String(port), connections);
    await once(clients, 'message');
    await after(Number(seconds) * 1000);
    server.send('measure');
    const [{ resident, statistics }] = await once(server, 'message');
    const bytes = Math.round((resident - before) / Number(connections));
    console.log(JSON.stringify({ library: path.basename(library), bytes, statistics, backend }));
    server.kill();
    clients.kill();
    await Promise.all([once(server, 'exit'), once(clients, 'exit')]);
  }
}

function start(role, ...args) {
  return fork(file, args, {
    execArgv: ['--expose-gc'],
    env: { ...process.env, DEFLATE_MEMORY_ROLE: role }
  });
}

function serve() {
  const { WebSocketServer, backend } = require(process.argv[2]);
  const wss = new WebSocketServer(
    { host: '127.0.0.1', port: 0, backlog: 4096, perMessageDeflate: { threshold: 0 } },
    () => process.send({ port: wss.address().port, backend, resident: residentAfterCollection() })
  );
  wss.on('connection', (ws) => ws.on('message', (data) => ws.send(data)));
  process.on('message', () => {
    process.send({
      resident: residentAfterCollection(),
      statistics: backend?.deflateStatistics?.()
    });
  });
}

function residentAfterCollection() {
  for (let i = 0; i < 4; i++) globalThis.gc();
  return process.memoryUsage.rss();
}

async function connect() {
  const [library, port, connections] = process.argv.slice(2);
  const { WebSocket } = require(library);
  const open = async (number) => {
    const ws = new WebSocket(`ws://127.0.0.1:${port}`, { perMessageDeflate: { threshold: 0 } });
    await once(ws, 'open');
    const answer = once(ws, 'message');
    ws.send(
      `{"number":${number},"text":"${'some words that are like others, '.repeat(6)}`.slice(0, 200)
    );
    await answer;
  };
  for (let at = 0; at < Number(connections); at += OPENING) {
    await Promise.all(Array.from({ length: OPENING }, (_, i) => open(at + i)));
  }
  process.send('done');
}
