import * as http from 'http';
import * as https from 'https';
import { Duplex } from 'stream';
import WebSocket, { WebSocketServer } from 'ws';
import type { ServerOptions } from 'ws';

const own = new WebSocketServer({ port: 8080 });
new WebSocketServer({ port: 8080, host: '127.0.0.1', backlog: 10 }, () => console.log('listening'));
new WebSocketServer({ server: http.createServer(), path: '/chat' });
new WebSocketServer({ server: https.createServer({ cert: '', key: '' }), clientTracking: false });
new WebSocketServer({
  noServer: true,
  perMessageDeflate: true,
  maxPayload: 1,
  maxBufferedChunks: 2,
  maxFragments: 3,
  skipUTF8Validation: true,
  allowSynchronousEvents: true,
  autoPong: true
});
new WebSocketServer({
  port: 0,
  perMessageDeflate: { zlibDeflateOptions: { level: 3 }, concurrencyLimit: 10, threshold: 1024 }
});
new WebSocketServer({
  port: 0,
  verifyClient: (info: { origin: string; secure: boolean }) => info.secure && info.origin === 'x',
  handleProtocols: (protocols, request) => (request.url ? ([...protocols][0] ?? false) : false)
});
new WebSocketServer({
  port: 0,
  verifyClient(info: { origin: string; secure: boolean; req: http.IncomingMessage }) {
    return !!info.req.headers.cookie;
  }
});
new WebSocketServer({
  port: 0,
  verifyClient: (info, done) => {
    if (info.req.headers.authorization) done(true);
    else done(false, 401, 'Unauthorized', { 'WWW-Authenticate': 'Basic' });
  }
});
const verify: WebSocket.VerifyClientCallbackAsync = ({ req }, callback) => callback(!!req.url);
const check: WebSocket.VerifyClientCallbackSync = ({ req }) => req.method === 'GET';
for (const verifyClient of [verify, check]) new WebSocketServer({ port: 0, verifyClient });

own.on('connection', (ws, request) => {
  ws.on('message', (data) => ws.send(data));
  const address: string | undefined = request.socket.remoteAddress;
  return [ws.protocol, address, request.headers['x-forwarded-for']];
});
own.on('connection', function (this, ws: WebSocket, request: http.IncomingMessage) {
  for (const client of this.clients) if (client !== ws) client.send(request.url ?? '');
});
own.on('connection', (ws, { url = '/' }) => new URL(url, `ws://${ws.url}`));
own.on('error', (error) => error.message);
own.on('headers', (headers, request) => headers.push(`X-Path: ${request.url}`));
own.on('listening', () => {});
own.on('close', () => {});
own.on('wsClientError', (error, socket, request) => {
  socket.end(`${error.message} ${request.url}`);
});
own.on('anything', (...args) => args);
own.once('connection', (ws) => ws.close()).once('listening', () => {});
own.off('headers', (headers) => headers.length);
own.addListener('connection', (ws, request) => [ws.terminate(), request.url]);
own.removeListener('wsClientError', (error, socket) => [error, socket]);

const address = own.address();
if (address !== null && typeof address !== 'string') address.port.toFixed();
const withPort = own.address() as WebSocket.AddressInfo;
withPort.family + withPort.address;

own.clients.forEach((client) => {
  if (client.readyState === WebSocket.OPEN) client.send('text', { binary: false });
});
const count: number = own.clients.size;
const path: string | undefined = own.options.path;
own.close();
own.close((error) => error?.message);

const server = http.createServer();
const [first, second] = [
  new WebSocketServer({ noServer: true }),
  new WebSocketServer({ noServer: true })
];
server.on('upgrade', (request, socket, head) => {
  const target = request.url === '/a' ? first : second;
  target.handleUpgrade(request, socket, head, (ws, upgraded) => {
    target.emit('connection', ws, upgraded, { user: 1 });
  });
});
function upgrade(request: http.IncomingMessage, socket: Duplex, head: Buffer): void {
  if (!first.shouldHandle(request)) socket.destroy();
  first.handleUpgrade(request, socket, head, () => {});
}
first.on('connection', (ws: WebSocket, request: http.IncomingMessage, user: { id: number }) => [
  ws,
  request,
  user.id
]);

function create(options: ServerOptions): WebSocketServer {
  return new WebSocketServer({ ...options, port: 0 });
}
const kept: WebSocketServer = create({ host: 'localhost' });
export { count, kept, path, upgrade };
