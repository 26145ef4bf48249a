/**
 * Opens and ends connections in every way, and fails if the process keeps growing or if the native
 * endpoint still holds one of them:
 *
 *     npm run leak-check                          100,000 connections, in minutes
 *     npm run leak-check -- --connections 20000
 *
 * Every twentieth is a client's over TCP, the others are Duplex streams. Two of nine are compressed.
 */

import assert from 'node:assert';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { duplexPair } from 'node:stream';
import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { deflateRawSync } from 'node:zlib';
import { ready, root } from './ready.mjs';

const { values } = parseArgs({ options: { connections: { type: 'string', default: '100000' } } });
const CONNECTIONS = Number(values.connections);
const AT_A_TIME = 200;
const SAMPLES = 40;
const MAX_PAYLOAD = 100_000;

ready();
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc');
const require = createRequire(import.meta.url);
const { WebSocket, endpoints } = loadWatched();
assert.strictEqual(WebSocket.backend.endpoint, 'native', WebSocket.backend.reason);

const counts = { messages: 0, errors: 0, closes: 0 };
const server = new WebSocket.Server({
  host: '127.0.0.1',
  port: 0,
  maxPayload: MAX_PAYLOAD,
  perMessageDeflate: true
});
server.on('connection', serve);
const samples = [];
let opened = 0;
let most = 0;

/** ferrows, and the addon's tables of connections, of which it makes one a thread. */
function loadWatched() {
  const watched = [];
  globalThis[Symbol.for('ferrows.leak-check')] = watched;
  const folder = mkdtempSync(path.join(tmpdir(), 'ferrows-leak-'));
  const addon = JSON.stringify(path.join(root, 'build', 'ferrows.node'));
  const file = path.join(folder, 'addon.cjs');
  writeFileSync(
    file,
    `const addon = require(${addon});
     module.exports = {
       ...addon,
       Endpoints: function (...args) {
         const endpoints = new addon.Endpoints(...args);
         globalThis[Symbol.for('ferrows.leak-check')].push(endpoints);
         return endpoints;
       }
     };`
  );
  process.env.FERROWS_NATIVE_LIBRARY_PATH = file;
  const loaded = require(path.join(root, 'dist', 'index.js'));
  rmSync(folder, { recursive: true });
  return { WebSocket: loaded, endpoints: watched };
}

function serve(ws) {
  ws.on('error', () => counts.errors++);
  ws.on('close', () => counts.closes++);
  ws.on('message', (data, binary) => {
    counts.messages++;
    if (data.length === 4 && data.equals(TERMINATE)) ws.terminate();
    else ws.send(data, { binary });
  });
}

/** One connection from beginning to end. */
function connection(number) {
  return number % 20 === 0 ? overTcp(number) : overDuplex(number);
}

async function overTcp(number) {
  const client = new WebSocket(`ws://127.0.0.1:${server.address().port}`, {
    perMessageDeflate: number % 40 === 0
  });
  client.on('error', () => {});
  await once(client, 'open');
  client.send('text '.repeat(number % 1000));
  client.send(Buffer.alloc(number % 20_000));
  await once(client, 'message');
  if (number % 60 === 0) client.terminate();
  else client.close();
  if (client.readyState !== WebSocket.CLOSED) await once(client, 'close');
}

/** A peer that is not ferrows, and does what it should not. */
async function overDuplex(number) {
  const [socket, peer] = duplexPair();
  const compressed = number % 9 < 2;
  const headers = {
    connection: 'upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
    ...(compressed && { 'sec-websocket-extensions': 'permessage-deflate' })
  };
  const request = { method: 'GET', url: '/', headers, socket };
  peer.on('error', () => {});
  peer.resume();
  const closed = new Promise((resolve) => {
    server.handleUpgrade(request, socket, Buffer.alloc(0), (ws) => {
      ws.on('close', resolve);
      server.emit('connection', ws, request);
    });
  });
  if (compressed) peer.write(compressedFrame);
  behaviours[number % behaviours.length](peer, socket);
  await closed;
}

const TERMINATE = Buffer.from('stop');
const KEY = Buffer.from('37fa213d', 'hex');
const clean = frame(0x88, Buffer.from([0x03, 0xe8]));
const text = frame(0x81, Buffer.from('häppy '.repeat(20)));
const compressedFrame = frame(
  0xc1,
  deflateRawSync(Buffer.from('compressed '.repeat(100)), { finishFlush: 2 }).subarray(0, -4)
);

const behaviours = [
  // A closing handshake after messages of all sizes.
  (peer) => {
    for (const size of [0, 1, 200, 5000, 70_000]) peer.write(frame(0x82, Buffer.alloc(size)));
    peer.end(Buffer.concat([text, text, frame(0x89, Buffer.from('ping')), clean]));
  },
  // Fragments in small pieces.
  (peer) => {
    const bytes = Buffer.concat([
      frame(0x01, Buffer.alloc(3000, 'a')),
      frame(0x00, Buffer.from('é€')),
      frame(0x80, Buffer.alloc(9000, 'b')),
      clean
    ]);
    for (let at = 0; at < bytes.length; at += 997) peer.write(bytes.subarray(at, at + 997));
    peer.end();
  },
  // Text that is not UTF-8, in a second fragment.
  (peer) => {
    peer.write(frame(0x01, Buffer.from('good')));
    peer.end(frame(0x80, Buffer.from([0xff])));
  },
  // A frame that is not masked, behind good ones.
  (peer) => peer.end(Buffer.concat([text, text, Buffer.from('8101ff', 'hex')])),
  // Ends inside a frame.
  (peer) => {
    peer.write(text);
    peer.end(frame(0x82, Buffer.alloc(60_000)).subarray(0, 30_000));
  },
  // Breaks inside a message, with a piece in the native endpoint's hands.
  (peer, socket) => {
    peer.write(frame(0x01, Buffer.alloc(2000, 'c')));
    peer.write(frame(0x80, Buffer.alloc(2000, 'd')).subarray(0, 1000), () => socket.destroy());
  },
  // More than is allowed.
  (peer) => {
    peer.write(text);
    peer.end(frame(0x82, Buffer.alloc(MAX_PAYLOAD + 1)));
  },
  // The server terminates while more is to be delivered.
  (peer) => peer.end(Buffer.concat([text, frame(0x82, TERMINATE), text, text])),
  // An error of the socket.
  (peer, socket) => peer.write(text, () => socket.destroy(new Error('reset'))),
  // Nothing but an end.
  (peer) => peer.end()
];

/** A masked frame with `first` as its first byte. */
function frame(first, payload) {
  const { length } = payload;
  const extended = Buffer.alloc(length < 126 ? 0 : length < 65_536 ? 2 : 8);
  if (extended.length === 2) extended.writeUInt16BE(length);
  if (extended.length === 8) extended.writeBigUInt64BE(BigInt(length));
  const second = 0x80 | (extended.length === 0 ? length : extended.length === 2 ? 126 : 127);
  const masked = payload.map((byte, i) => byte ^ KEY[i & 3]);
  return Buffer.concat([Buffer.from([first, second]), extended, KEY, masked]);
}

function openCount() {
  return endpoints.reduce((sum, each) => sum + each.openCount, 0);
}

/** What memory is left when nothing is open. */
async function sample() {
  for (let i = 0; i < 3; i++) {
    collectGarbage();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  samples.push({ opened, rss, heapUsed, external, open: openCount() });
}

function report() {
  const scale = 60 / Math.max(...samples.map(({ rss }) => rss));
  for (const { opened: at, rss, heapUsed, external, open } of samples) {
    const bar = '#'.repeat(Math.round(rss * scale)).padEnd(60);
    console.log(
      `${String(at).padStart(7)} ${bar} ${mib(rss)} MiB, heap ${mib(heapUsed)}, external ${mib(external)}, ${open} open`
    );
  }
  const quarter = samples.length >> 2;
  const quarters = (pick) => [
    median(samples.slice(quarter, 2 * quarter).map(pick)),
    median(samples.slice(-quarter).map(pick))
  ];
  const resident = quarters(({ rss }) => rss);
  const reachable = quarters(({ heapUsed, external }) => heapUsed + external);
  const { open } = samples.at(-1);
  console.log(
    `${opened} connections, ${counts.messages} messages, ${counts.errors} errors, ` +
      `at most ${most} open natively, ${open} at the end`
  );
  for (const [what, [middle, end]] of Object.entries({ resident, reachable })) {
    console.log(
      `${what} memory: ${mib(middle)} MiB in the second quarter, ${mib(end)} in the last`
    );
  }
  const problems = [];
  if (most === 0) problems.push('the native endpoint has not been used');
  if (open !== 0) problems.push(`${open} native endpoints are still open`);
  if (grows(resident, 2 ** 22)) problems.push('resident memory does not level off');
  if (grows(reachable, 2 ** 19)) problems.push('what JavaScript reaches does not level off');
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length === 0 ? 0 : 1;
}

/** Whether a figure grows from the second quarter to the last by more than chance, `slack` bytes of it. */
function grows([middle, end], slack) {
  return end > middle * 1.05 + slack;
}

function median(numbers) {
  return numbers.sort((a, b) => a - b)[numbers.length >> 1];
}

function mib(bytes) {
  return (bytes / 2 ** 20).toFixed(1);
}

await once(server, 'listening');

const every = Math.ceil(CONNECTIONS / SAMPLES);
while (opened < CONNECTIONS) {
  const wave = Math.min(AT_A_TIME, CONNECTIONS - opened);
  const started = Array.from({ length: wave }, (_, i) => connection(opened + i));
  most = Math.max(most, openCount());
  await Promise.all(started);
  opened += wave;
  if (Math.floor(opened / every) > samples.length) await sample();
}
server.close();
await once(server, 'close');
await sample();
report();
