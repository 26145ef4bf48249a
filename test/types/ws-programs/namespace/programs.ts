import * as WebSocket from 'ws';
import * as http from 'http';
import { Server, WebSocketServer } from 'ws';

const ws = new WebSocket('ws://example.org', 'chat', { origin: 'https://example.org' });
ws.on('open', () => ws.send('text'));
ws.on('message', (data: WebSocket.RawData) => data.toString());

const server = new WebSocket.Server({ server: http.createServer() });
server.on('connection', (socket: WebSocket, request: http.IncomingMessage) => {
  if (socket.readyState === WebSocket.OPEN) socket.send(request.url ?? '');
});
const servers: Server[] = [server, new Server({ port: 0 }), new WebSocketServer({ port: 0 })];
servers.forEach((one) => one.clients.forEach((client) => client.close(1001, 'going away')));

class Extended extends WebSocket {
  tag = '';
}
const sockets = new Set<Extended>();
WebSocket.createWebSocketStream(new Extended('ws://example.org'), { highWaterMark: 1 });
export { sockets };
