'use strict';

/** Answers a feed with npm's `websocket`. */

const { client: WebSocketClient } = require('websocket');

const client = new WebSocketClient();
let received = 0;

client.on('connect', (connection) => {
  connection.on('message', ({ type }) => {
    if (type === 'binary') received++;
    else connection.sendUTF(String(received));
  });
});
client.connect(`ws://127.0.0.1:${process.argv[2]}/?pid=${process.pid}`);
