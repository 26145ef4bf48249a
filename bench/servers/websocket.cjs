'use strict';

/** Echo and broadcast with npm's `websocket`. */

const { createServer } = require('node:http');
const { server: WebSocketServer } = require('websocket');

const server = createServer();
const sockets = new WebSocketServer({
  httpServer: server,
  maxReceivedFrameSize: 2 ** 24,
  maxReceivedMessageSize: 2 ** 24,
  // Its pings find nobody while the load stands still.
  dropConnectionOnKeepaliveTimeout: false
});

sockets.on('request', (request) => {
  const connection = request.accept(null, request.origin);
  const send = (to, message) => {
    if (message.type === 'utf8') to.sendUTF(message.utf8Data);
    else to.sendBytes(message.binaryData);
  };
  if (request.resource === '/broadcast') {
    connection.on('message', (message) => {
      for (const client of sockets.connections) send(client, message);
    });
  } else {
    connection.on('message', (message) => send(connection, message));
  }
  connection.on('error', () => {});
});

server.listen(Number(process.argv[2]), '127.0.0.1', () => {
  console.log(JSON.stringify({ version: require('websocket/package.json').version }));
});

// Not the function itself: an argument, as a signal's name, has it look at young objects only.
if (global.gc) process.on('SIGUSR2', () => global.gc());
