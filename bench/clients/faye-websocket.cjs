'use strict';

/** Answers a feed with npm's `faye-websocket`. */

const { Client } = require('faye-websocket');

const ws = new Client(`ws://127.0.0.1:${process.argv[2]}/?pid=${process.pid}`);
let received = 0;

ws.on('message', ({ data }) => {
  if (typeof data === 'string') ws.send(String(received));
  else received++;
});
