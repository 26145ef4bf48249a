'use strict';

/**
 * Echo server for the fuzzing client. Listens on 127.0.0.1, on port PORT or a free one, and prints
 * the port.
 */

const { library, options, echo } = require('./agent.cjs');

const server = new library.WebSocketServer({
  host: '127.0.0.1',
  port: Number(process.env.PORT ?? 0),
  ...options
});
server.on('connection', echo);
server.on('listening', () => console.log(`port ${server.address().port}`));
