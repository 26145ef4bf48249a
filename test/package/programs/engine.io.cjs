'use strict';

// engine.io and its client, each with the `ws` that it finds.
const { createServer } = require('node:http');
const { createRequire } = require('node:module');
const engine = require('engine.io');
const { Socket } = require('engine.io-client');

const wsOf = (dependent) => createRequire(require.resolve(dependent))('ws');

const http = createServer();
const server = engine.attach(http, { transports: ['websocket'], perMessageDeflate: true });
let remoteAddress;

server.on('connection', (socket) => {
  remoteAddress = socket.remoteAddress;
  socket.on('message', (data) => socket.send(data));
});

http.listen(0, '127.0.0.1', () => {
  const received = [];
  const socket = new Socket(`ws://127.0.0.1:${http.address().port}`, {
    transports: ['websocket'],
    autoUnref: false
  });
  socket.on('open', () => {
    socket.send('text');
    socket.send(Buffer.from('binary'));
    socket.send('long '.repeat(20_000));
  });
  socket.on('message', (data) => {
    received.push(
      Buffer.isBuffer(data) ? { binary: String(data) } : [data.length, data.slice(0, 5)]
    );
    if (received.length === 3) socket.close();
  });
  socket.on('close', (reason) => {
    server.close();
    http.close();
    console.log(
      JSON.stringify({
        backends: ['engine.io', 'engine.io-client'].map((name) => wsOf(name).backend?.endpoint),
        remoteAddress,
        received,
        reason
      })
    );
  });
});
