'use strict';

/**
 * Echo and broadcast with the API of ws: the same lines for ws (the default) and ferrows
 * (BENCH_LIBRARY names it), as a program that nobody tuned would have them. Over TLS when BENCH_TLS
 * is a directory with key.pem and cert.pem; with ferrows' option `transport` from BENCH_TRANSPORT.
 */

const { readFileSync } = require('node:fs');
const http = require('node:http');
const https = require('node:https');
const path = require('node:path');
const { WebSocketServer, backend } = require(process.env.BENCH_LIBRARY ?? 'ws');

const tls = process.env.BENCH_TLS;
const server = tls
  ? https.createServer({
      key: readFileSync(path.join(tls, 'key.pem')),
      cert: readFileSync(path.join(tls, 'cert.pem'))
    })
  : http.createServer();

const wss = new WebSocketServer({
  server,
  // Negotiated by the clients of the deflate workloads only. Without context takeover ws would leave
  // messages below 1 KiB uncompressed.
  perMessageDeflate: { threshold: 0 },
  ...(process.env.BENCH_TRANSPORT && { transport: process.env.BENCH_TRANSPORT })
});

wss.on('connection', (ws, request) => {
  ws.on('error', () => {});
  if (request.url === '/broadcast') {
    ws.on('message', (data, isBinary) => {
      for (const client of wss.clients) client.send(data, { binary: isBinary });
    });
  } else {
    ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
  }
});

server.listen(Number(process.argv[2]), '127.0.0.1', () => {
  console.log(JSON.stringify({ backend }));
});

// Not the function itself: an argument, as a signal's name, has it look at young objects only.
if (global.gc) process.on('SIGUSR2', () => global.gc());
