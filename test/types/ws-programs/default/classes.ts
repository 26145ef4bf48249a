import * as http from 'http';
import WebSocket, { WebSocketServer } from 'ws';
import type { Server } from 'ws';

class Authenticated extends WebSocket {
  userId = 0;

  hello(): void {
    this.send(`${this.userId}`);
  }

  override close(code?: number, data?: string | Buffer): void {
    super.close(code ?? 1000, data);
  }
}

class Request extends http.IncomingMessage {
  user = 'user';
}

const server = new WebSocketServer({ port: 0, WebSocket: Authenticated });
server.on('connection', (ws, request) => {
  ws.hello();
  ws.userId = Number(request.headers['content-length']);
});
server.clients.forEach((client) => client.hello());
const socket: Authenticated | undefined = [...server.clients][0];

const typed = new WebSocketServer<typeof Authenticated, typeof Request>({
  server: http.createServer({ IncomingMessage: Request }),
  WebSocket: Authenticated,
  verifyClient: (info: { req: Request }) => info.req.user === 'user',
  handleProtocols: (protocols, request) => protocols.has(request.user) && request.user
});
typed.on('connection', (ws, request) => [ws.userId + 1, request.user.length]);
typed.on('headers', (headers, request) => headers.push(request.user));
typed.handleUpgrade(new Request(null!), null!, Buffer.alloc(0), (ws, request) => {
  ws.hello();
  request.user.length;
});

class PathServer extends WebSocketServer {
  override shouldHandle(request: http.IncomingMessage): boolean {
    return request.url?.startsWith('/chat') ?? false;
  }
}
class AsyncServer extends WebSocketServer<typeof Authenticated> {
  constructor() {
    super({ noServer: true, WebSocket: Authenticated }, () => {});
    this.on('connection', (ws) => ws.hello());
  }

  override async shouldHandle(): Promise<boolean> {
    return true;
  }
}
const servers: WebSocketServer[] = [new PathServer({ port: 0 })];
const generic: Server<typeof Authenticated> = new AsyncServer();

class Overriding extends WebSocket {
  override binaryType: 'nodebuffer' = 'nodebuffer';
  override onmessage = ({ data }: WebSocket.MessageEvent): void => void data;

  simulate(data: string): void {
    this.onopen?.({ type: 'open', target: this });
    this.onmessage({ type: 'message', target: this, data });
    const previous: ((event: WebSocket.CloseEvent) => void) | null = this.onclose;
    this.onclose = (event) => previous?.(event);
  }
}
new Overriding('ws://example.org').simulate('text');

interface Alive extends WebSocket {
  isAlive: boolean;
}
const heartbeat = setInterval(() => {
  for (const client of servers[0]!.clients as Set<Alive>) {
    if (!client.isAlive) return client.terminate();
    client.isAlive = false;
    client.ping();
  }
}, 30_000);
servers[0]!.on('close', () => clearInterval(heartbeat));
servers[0]!.on('connection', (ws: Alive) => {
  ws.isAlive = true;
  ws.on('pong', () => (ws.isAlive = true));
});
function beat(this: WebSocket): void {
  (this as Alive).isAlive = true;
}
new WebSocket('ws://example.org').on('open', beat).on('ping', beat);

function make<T extends typeof WebSocket>(Class: T): WebSocket {
  return new Class('ws://example.org', ['a'], { autoPong: false });
}
make(Authenticated);
make(WebSocket);
export { generic, socket };
