import WebSocket from 'ferrows';

const ws = new WebSocket(process.env.URL ?? 'ws://localhost:8080');
let sent;

function ping() {
  sent = performance.now();
  ws.ping();
}

ws.on('error', console.error);
ws.on('open', ping);

// Every WebSocket answers a ping with a pong by itself.
ws.on('pong', () => {
  console.log(`round trip: ${(performance.now() - sent).toFixed(2)} ms`);
  setTimeout(ping, 200);
});

ws.on('close', () => process.exit());
