'use strict';

/**
 * Echo client for the fuzzing server at URL: runs every case, then has the reports written. AGENT
 * names it there.
 */

const { library: WebSocket, options, echo } = require('./agent.cjs');

const url = process.env.URL ?? 'ws://127.0.0.1:9001';
const agent = process.env.AGENT ?? 'client';

function caseCount() {
  return new Promise((resolve, reject) => {
    const ws = new WebSocket(`${url}/getCaseCount`, options);
    let count;
    ws.on('message', (data) => (count = Number(data.toString())));
    ws.on('error', reject);
    ws.on('close', () => resolve(count));
  });
}

function runCase(number) {
  return new Promise((resolve) => {
    const ws = new WebSocket(`${url}/runCase?case=${number}&agent=${agent}`, options);
    echo(ws);
    ws.on('close', resolve);
  });
}

function updateReports() {
  return new Promise((resolve, reject) => {
    const ws = new WebSocket(`${url}/updateReports?agent=${agent}`, options);
    ws.on('error', reject);
    ws.on('close', resolve);
  });
}

async function main() {
  const count = await caseCount();
  for (let number = 1; number <= count; number++) await runCase(number);
  await updateReports();
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
