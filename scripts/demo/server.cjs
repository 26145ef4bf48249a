'use strict';

/**
 * The server of the demo, in a process of its own: `node server.cjs LIBRARY`. A message that starts
 * with `!` goes to everybody, any other one back to its sender. Answers `cpu` with the processor time
 * that this process has used, in microseconds.
 */

const { WebSocketServer, backend } = require(process.argv[2]);

const wss = new WebSocketServer({ host: '127.0.0.1', port: 0 });

wss.on('connection', (ws) => {
  ws.on('message', (data, isBinary) => {
    if (data[0] !== 0x21) {
      ws.send(data, { binary: isBinary });
      return;
    }
    for (const client of wss.clients) client.send(data, { binary: isBinary });
  });
});

wss.on('listening', () => process.send({ port: wss.address().port, backend }));

process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send({ cpu: user + system });
});

process.on('disconnect', () => process.exit());
