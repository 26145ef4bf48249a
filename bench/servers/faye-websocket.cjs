'use strict';

/** Echo and broadcast with npm's `faye-websocket`. */

const { createServer } = require('node:http');
const WebSocket = require('faye-websocket');
const deflate = require('permessage-deflate');

const all = new Set();
const server = createServer();

server.on('upgrade', (request, socket, head) => {
  const ws = new WebSocket(request, socket, head, [], { extensions: [deflate] });
  if (request.url === '/broadcast') {
    all.add(ws);
    ws.on('close', () => all.delete(ws));
    ws.on('message', ({ data }) => {
      for (const client of all) client.send(data);
    });
  } else {
    ws.on('message', ({ data }) => ws.send(data));
  }
  ws.on('error', () => {});
});

server.listen(Number(process.argv[2]), '127.0.0.1', () => {
  console.log(JSON.stringify({ version: require('faye-websocket/package.json').version }));
});

// Not the function itself: an argument, as a signal's name, has it look at young objects only.
if (global.gc) process.on('SIGUSR2', () => global.gc());
