// socket.io broadcasts by frames that its adapter makes beforehand, which it hands to `ws._sender`.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { Server } from 'socket.io';
import { io } from 'socket.io-client';

const require = createRequire(import.meta.url);
const adapter = require.resolve('socket.io-adapter');

const http = createServer();
const server = new Server(http, { transports: ['websocket'] });
http.listen(0, '127.0.0.1');
await once(http, 'listening');

server.on('connection', (socket) => {
  socket.join('room');
  socket.on('question', (n, answer) => answer(n + 1));
});

const url = `http://127.0.0.1:${http.address().port}`;
const clients = Array.from({ length: 3 }, () =>
  io(url, { transports: ['websocket'], forceNew: true })
);
await Promise.all(clients.map((client) => once(client, 'connect')));

const answer = await clients[0].timeout(5000).emitWithAck('question', 41);
const everybody = Promise.all(clients.map((client) => once(client, 'news')));
server.to('room').emit('news', 'text', Buffer.from([1, 2, 3]));
const news = await everybody;

for (const client of clients) client.close();
await server.close();

console.log(
  JSON.stringify({
    backend: createRequire(adapter)('ws').backend?.endpoint,
    answer,
    news: news.map(([text, bytes]) => [text, [...bytes]])
  })
);
