import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach } from 'vitest';
// Stock ws: what the examples talk to is not what they are made of.
import WebSocket, { WebSocketServer } from 'ws';

const opened: { terminate(): void }[] = [];

afterEach(() => {
  for (const each of opened.splice(0)) each.terminate();
});

/** A client whose messages can be awaited one after the other. */
export class Client {
  readonly ws: WebSocket;
  private readonly received: [data: Buffer, isBinary: boolean][] = [];
  private readonly close: Promise<unknown[]>;

  constructor(url: string, options: WebSocket.ClientOptions = {}) {
    this.ws = new WebSocket(url, options);
    opened.push(this.ws);
    this.ws.on('message', (data, isBinary) => {
      this.received.push([data as Buffer, isBinary]);
      this.ws.emit('received');
    });
    this.close = once(this.ws, 'close');
    this.close.catch(() => {});
  }

  /** Connects to a program that listens on `port` of this machine. */
  static async open(port: number, path = '/', options?: WebSocket.ClientOptions): Promise<Client> {
    const client = new Client(`ws://127.0.0.1:${port}${path}`, options);
    await once(client.ws, 'open');
    return client;
  }

  /** The status of the HTTP response with which the opening handshake is refused. */
  static async refused(port: number, path = '/'): Promise<number> {
    const client = new Client(`ws://127.0.0.1:${port}${path}`);
    const [request, response] = await once(client.ws, 'unexpected-response');
    request.destroy();
    return (response as IncomingMessage).statusCode!;
  }

  send(data: string | Buffer): void {
    this.ws.send(data);
  }

  /** The next message, as it was sent: a string for text, a Buffer for binary data. */
  async next(): Promise<string | Buffer> {
    while (this.received.length === 0) await once(this.ws, 'received');
    const [data, isBinary] = this.received.shift()!;
    return isBinary ? data : data.toString();
  }

  /** The status code with which the connection is closed. */
  async closed(): Promise<number> {
    return (await this.close)[0] as number;
  }
}

/** A server for clients; `onConnection` is called with each connection. */
export async function listen(
  onConnection: (ws: WebSocket, request: IncomingMessage) => void
): Promise<string> {
  const wss = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  opened.push({
    terminate() {
      for (const client of wss.clients) client.terminate();
      wss.close();
    }
  });
  wss.on('connection', onConnection);
  await once(wss, 'listening');
  return `ws://127.0.0.1:${(wss.address() as AddressInfo).port}`;
}

/** Sends everything back. */
export function echo(ws: WebSocket): void {
  ws.on('message', (data, isBinary) => ws.send(data, { binary: isBinary }));
}
