// @fastify/websocket: over a real connection, and over the in-memory one of `injectWS`.
import { once } from 'node:events';
import { createRequire } from 'node:module';
import websocket from '@fastify/websocket';
import Fastify from 'fastify';

const require = createRequire(import.meta.url);
const WebSocket = createRequire(require.resolve('@fastify/websocket'))('ws');

const app = Fastify();
await app.register(websocket, { options: { maxPayload: 1024 } });
app.get('/echo', { websocket: true }, (socket) => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
});
await app.listen({ host: '127.0.0.1', port: 0 });

const answers = [];
const connected = new WebSocket(`ws://127.0.0.1:${app.server.address().port}/echo`);
await once(connected, 'open');
const injected = await app.injectWS('/echo');

for (const socket of [connected, injected]) {
  socket.send('hello');
  const [data, isBinary] = await once(socket, 'message');
  answers.push([data.toString(), isBinary]);
}

connected.send('x'.repeat(1025));
const [code] = await once(connected, 'close');
injected.terminate();
await app.close();

console.log(JSON.stringify({ backend: WebSocket.backend?.endpoint, answers, code }));
