/**
 * Echo over TLS: loads a server as `loadgen echo --on-demand` does, from Node.js and stock ws, obeys and
 * reports in the same words. The client is slower than the server, which CPU time per message survives.
 */

import { createHistogram } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import WebSocket from 'ws';

const { values } = parseArgs({
  options: {
    ...Object.fromEntries(
      ['port', 'pid', 'size', 'connections'].map((name) => [name, { type: 'string' }])
    ),
    'on-demand': { type: 'boolean' }
  }
});
const payload = randomBytes(Number(values.size));
const url = `wss://127.0.0.1:${values.port}`;

let goesOn = false;
let measures = false;
const none = () => ({ messages: 0, cpu: 0, elapsed: 0, latency: createHistogram() });
let sums = none();

const connections = await Promise.all(Array.from({ length: Number(values.connections) }, open));
for await (const line of createInterface({ input: process.stdin })) {
  const [command, ...seconds] = line.split(' ');
  if (command === 'measure') await measure(...seconds.map(Number));
  else report();
}
connections.forEach(({ ws }) => ws.removeAllListeners('close').terminate());

/** A connection that sends its message again when it has come back, unless all stand still. */
async function open() {
  const ws = new WebSocket(url, { rejectUnauthorized: false, perMessageDeflate: false });
  let sent;
  let stands = true;
  const go = () => {
    if (!stands) return;
    stands = false;
    sent = performance.now();
    ws.send(payload);
  };
  ws.on('message', (data) => {
    if (!payload.equals(data)) throw new Error('a message came back other than it was sent');
    if (measures) {
      sums.messages++;
      sums.latency.record(Math.max(1, Math.round((performance.now() - sent) * 1e6)));
    }
    stands = true;
    if (goesOn) go();
  });
  ws.on('close', (code) => {
    throw new Error(`the server closed a connection: ${code}`);
  });
  await once(ws, 'open');
  return { ws, go };
}

async function measure(warmUp, seconds) {
  goesOn = true;
  connections.forEach(({ go }) => go());
  await sleep(warmUp * 1000);
  const [cpu, began] = [cpuSeconds(), performance.now()];
  measures = true;
  await sleep(seconds * 1000);
  measures = false;
  sums.elapsed += (performance.now() - began) / 1000;
  sums.cpu += cpuSeconds() - cpu;
  goesOn = false;
  console.log('measured');
}

function report() {
  const { messages, elapsed, cpu, latency } = sums;
  const at = (share) => latency.percentile(share) / 1000;
  console.log(
    JSON.stringify({
      seconds: elapsed,
      messages,
      messages_per_second: messages / elapsed,
      megabytes_per_second: (messages * payload.length) / 1e6 / elapsed,
      latency_us: { p50: at(50), p99: at(99), 'p99.9': at(99.9), max: latency.max / 1000 },
      process: { cpu_us_per_message: (cpu * 1e6) / messages, cpu_share: cpu / elapsed }
    })
  );
  sums = none();
}

/** CPU time of the server's threads. */
function cpuSeconds() {
  const tasks = `/proc/${values.pid}/task`;
  return readdirSync(tasks).reduce((sum, task) => {
    return sum + Number(readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0]) / 1e9;
  }, 0);
}
