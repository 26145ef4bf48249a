'use strict';

/** Answers a feed with the API of ws: stock ws, or what BENCH_LIBRARY names. */

const { WebSocket, backend } = require(process.env.BENCH_LIBRARY ?? 'ws');

console.log(JSON.stringify({ backend }));

const ws = new WebSocket(`ws://127.0.0.1:${process.argv[2]}/?pid=${process.pid}`);
let received = 0;

ws.on('message', (data, isBinary) => {
  if (isBinary) received++;
  else ws.send(String(received));
});
ws.on('error', () => {});
