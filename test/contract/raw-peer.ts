import { createHash } from 'node:crypto';
import { once } from 'node:events';
import * as net from 'node:net';
import { onTestFinished } from 'vitest';
import type { ClientOptions, ServerOptions } from '../../src/handshake/options.js';
import { WebSocket, WebSocketServer } from './library.js';
import { frame, readFrame, type FrameShape, type ReadFrame } from './wire.js';

/** What the library is; its peer speaks bytes. */
export const roles = ['server', 'client'] as const;
export type Role = (typeof roles)[number];

/** A connection of the library to a peer made by hand. */
export interface RawConnection {
  ws: WebSocket;
  peer: RawPeer;
  /** Present in the role of a server: opens further connections to it. */
  wss?: WebSocketServer;
}

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

/**
 * The other side of a connection: sends any bytes and sees which ones come back. It does not end its
 * side by itself.
 */
export class RawPeer {
  /** The frames that came and have not been asked for. */
  private readonly frames: ReadFrame[] = [];
  private rest: Buffer = Buffer.alloc(0);
  private waiting: ((frame: ReadFrame) => void)[] = [];
  /** The read chunks, as they came. */
  readonly chunks: Buffer[] = [];
  /** Resolves when the library has half-closed the connection. */
  readonly ended: Promise<unknown>;
  readonly closed: Promise<unknown>;

  /** `masks`: it is the client. */
  constructor(
    readonly socket: net.Socket,
    private readonly masks: boolean,
    head: Buffer
  ) {
    this.ended = new Promise((resolve) => socket.once('end', resolve));
    this.closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('data', (chunk: Buffer) => this.take(chunk));
    socket.on('error', () => {});
    if (head.length > 0) this.take(head);
  }

  write(bytes: Buffer): void {
    this.socket.write(bytes);
  }

  /** Sends a frame, masked if it is the client. */
  send(payload: string | Uint8Array, shape: FrameShape = {}): void {
    this.write(this.frame(payload, shape));
  }

  frame(payload: string | Uint8Array, shape: FrameShape = {}): Buffer {
    const key = this.masks ? Buffer.from([0x5a, 0x01, 0xff, 0x80]) : null;
    return frame(payload, { key, ...shape });
  }

  /** The next frame from the library. */
  next(): Promise<ReadFrame> {
    const ready = this.frames.shift();
    if (ready !== undefined) return Promise.resolve(ready);
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  async nextFrames(count: number): Promise<ReadFrame[]> {
    const frames: ReadFrame[] = [];
    while (frames.length < count) frames.push(await this.next());
    return frames;
  }

  /** How many frames have come and were not asked for. */
  get unread(): number {
    return this.frames.length;
  }

  private take(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.rest = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    for (let next = readFrame(this.rest); next !== null; next = readFrame(this.rest)) {
      this.rest = this.rest.subarray(next.size);
      const waiting = this.waiting.shift();
      if (waiting) waiting(next);
      else this.frames.push(next);
    }
  }
}

/** Opens a connection on which the library has the given role; the test's end ends it. */
export function openRaw(
  role: Role,
  options: ClientOptions & ServerOptions = {}
): Promise<RawConnection> {
  return role === 'server' ? openRawClient(options) : openRawServer(options);
}

/** A raw client on a `WebSocketServer`. */
async function openRawClient(options: ServerOptions): Promise<RawConnection> {
  const wss = new WebSocketServer({ port: 0, host: '127.0.0.1', ...options });
  onTestFinished(() => {
    for (const each of wss.clients!) (each as WebSocket).terminate();
    wss.close();
  });
  await once(wss, 'listening');
  return { ...(await connectRaw(wss)), wss };
}

/** Another raw client on the same server. */
export async function connectRaw(wss: WebSocketServer): Promise<RawConnection> {
  const connection = once(wss, 'connection') as Promise<[WebSocket]>;
  const { port } = wss.address() as net.AddressInfo;
  const socket = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  onTestFinished(() => void socket.destroy());
  socket.write(
    'GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      `Sec-WebSocket-Key: ${KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n`
  );
  const { rest } = await readHead(socket);
  const peer = new RawPeer(socket, true, rest);
  const [ws] = await connection;
  return { ws, peer };
}

/** A raw server for a client. */
async function openRawServer(options: ClientOptions): Promise<RawConnection> {
  const { accepted, url } = await listenRaw();
  const ws = new WebSocket(url, options);
  onTestFinished(() => ws.terminate());
  const opened = once(ws, 'open');
  const peer = await accepted;
  await opened;
  return { ws, peer };
}

/** Waits for one client, of any process, and opens the connection. */
export async function listenRaw(): Promise<{ url: string; accepted: Promise<RawPeer> }> {
  const server = net.createServer({ allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  return { url: `ws://127.0.0.1:${port}`, accepted: acceptRaw(server) };
}

async function acceptRaw(server: net.Server): Promise<RawPeer> {
  const [socket] = (await once(server, 'connection')) as [net.Socket];
  onTestFinished(() => void socket.destroy());
  const { head, rest } = await readHead(socket);
  const key = /^sec-websocket-key: (.+)$/im.exec(head)![1].trim();
  const accept = createHash('sha1')
    .update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64');
  socket.write(
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      `Sec-WebSocket-Accept: ${accept}\r\n\r\n`
  );
  return new RawPeer(socket, false, rest);
}

/** Reads up to the empty line of a request or response. */
async function readHead(socket: net.Socket): Promise<{ head: string; rest: Buffer }> {
  let bytes = Buffer.alloc(0);
  for (;;) {
    const end = bytes.indexOf('\r\n\r\n');
    if (end !== -1) {
      return { head: bytes.toString('latin1', 0, end), rest: bytes.subarray(end + 4) };
    }
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    bytes = Buffer.concat([bytes, chunk]);
  }
}
