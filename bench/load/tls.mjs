/**
 * Echo over TLS: loads a server as `loadgen echo` does, from Node.js and stock ws, and reports in the
 * same words. The client is slower than the server, which CPU time per message survives.
 */

import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { randomBytes } from 'node:crypto';
import WebSocket from 'ws';

const { values } = parseArgs({
  options: Object.fromEntries(
    ['port', 'pid', 'size', 'connections', 'warm-up', 'seconds'].map((name) => [
      name,
      { type: 'string' }
    ])
  )
});
const payload = randomBytes(Number(values.size));
const url = `wss://127.0.0.1:${values.port}`;

let messages = 0;
let latencies = [];

const sockets = Array.from({ length: Number(values.connections) }, () => {
  const ws = new WebSocket(url, { rejectUnauthorized: false, perMessageDeflate: false });
  let sent;
  const send = () => {
    sent = performance.now();
    ws.send(payload);
  };
  ws.on('open', send);
  ws.on('message', (data) => {
    if (!payload.equals(data)) throw new Error('a message came back other than it was sent');
    messages++;
    latencies.push(performance.now() - sent);
    send();
  });
  ws.on('close', (code) => {
    throw new Error(`the server closed a connection: ${code}`);
  });
  return ws;
});

// Handshakes take their time, and are not what warms up.
await Promise.all(
  sockets.filter((ws) => ws.readyState === WebSocket.CONNECTING).map((ws) => once(ws, 'open'))
);
await sleep(Number(values['warm-up']));
const cpu = cpuSeconds();
const began = performance.now();
messages = 0;
latencies = [];
await sleep(Number(values.seconds));
const elapsed = (performance.now() - began) / 1000;
const used = cpuSeconds() - cpu;
if (messages === 0) throw new Error('no message came back');
const sorted = latencies.sort((a, b) => a - b);
const at = (share) => sorted[Math.ceil(sorted.length * share) - 1] * 1000;
console.log(
  JSON.stringify({
    seconds: elapsed,
    messages,
    messages_per_second: messages / elapsed,
    megabytes_per_second: (messages * payload.length) / 1e6 / elapsed,
    latency_us: { p50: at(0.5), p99: at(0.99), 'p99.9': at(0.999), max: at(1) },
    process: { cpu_us_per_message: (used * 1e6) / messages, cpu_share: used / elapsed }
  })
);
sockets.forEach((ws) => ws.removeAllListeners('close').terminate());

function sleep(seconds) {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1000));
}

/** CPU time of the server's threads. */
function cpuSeconds() {
  const tasks = `/proc/${values.pid}/task`;
  return readdirSync(tasks).reduce((sum, task) => {
    return sum + Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0]) / 1e9;
  }, 0);
}
