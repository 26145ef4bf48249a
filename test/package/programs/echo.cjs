'use strict';

// A server and a client of the package named in argv exchange messages.
const { WebSocket, WebSocketServer, backend } = require(process.argv[2]);

const wss = new WebSocketServer({ host: '127.0.0.1', port: 0, perMessageDeflate: true });

wss.on('connection', (ws) => {
  ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
});

wss.on('listening', () => {
  const received = [];
  const ws = new WebSocket(`ws://127.0.0.1:${wss.address().port}`);
  ws.on('open', () => {
    ws.send('text');
    ws.send(Buffer.alloc(300, 'binary '));
    ws.send('x'.repeat(70_000));
  });
  ws.on('message', (data, isBinary) => {
    received.push([isBinary, data.length, data.toString('latin1', 0, 12)]);
    if (received.length === 3) ws.close(4000, 'enough');
  });
  ws.on('close', (code, reason) => {
    wss.close();
    console.log(JSON.stringify({ received, code, reason: reason.toString(), backend }));
  });
});
