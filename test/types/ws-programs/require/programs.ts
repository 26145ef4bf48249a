import * as http from 'http';
import { Duplex } from 'stream';
import WebSocket = require('ws');

const { Server, WebSocketServer, createWebSocketStream } = WebSocket;

const server = new WebSocket.Server({ port: 0 });
const same: WebSocket.Server = new WebSocketServer({ noServer: true });
const typed: WebSocket.WebSocketServer = new Server({ server: http.createServer() });
server.on('connection', (ws, request) => {
  const client: WebSocket = ws;
  client.on('message', (data, isBinary) => client.send(data, { binary: isBinary }));
  client.on('close', (code, reason) => [code, reason.toString(), request.url]);
});

const ws: WebSocket = new WebSocket('ws://example.org');
const named: WebSocket.WebSocket = new WebSocket.WebSocket('ws://example.org');
const alike: WebSocket = named;
const Class: typeof WebSocket = WebSocket.WebSocket;
const stream: Duplex = WebSocket.createWebSocketStream(ws, { readableObjectMode: true });
createWebSocketStream(new Class('ws://example.org')).pipe(stream);

const options: WebSocket.ServerOptions = {
  port: 0,
  verifyClient: (info: { origin: string }) => info.origin === ''
};
const clientOptions: WebSocket.ClientOptions = { headers: { a: 'b' } };
const deflate: WebSocket.PerMessageDeflateOptions = { threshold: 0 };
options.perMessageDeflate = deflate;
clientOptions.perMessageDeflate = deflate;

class Special extends WebSocket {
  special = true;
}
class SpecialServer extends WebSocket.Server<typeof Special> {
  constructor(port: number) {
    super({ port, WebSocket: Special });
  }
}
new SpecialServer(0).clients.forEach((client) => client.special);
const withRequest = new WebSocket.Server<typeof Special, typeof http.IncomingMessage>({
  noServer: true,
  WebSocket: Special
});
withRequest.on('connection', (client, request) => [client.special, request.url]);

function listen(handler: (this: WebSocket, data: WebSocket.Data) => void): void {
  ws.on('message', handler);
}
const map: Map<string, WebSocket> = new Map([['a', ws]]);
map.forEach((socket) => socket.terminate());
const event = (e: WebSocket.MessageEvent | WebSocket.CloseEvent | WebSocket.ErrorEvent) => e.target;
const state: typeof WebSocket.OPEN = WebSocket.OPEN;
export { alike, event, listen, same, state, typed };
