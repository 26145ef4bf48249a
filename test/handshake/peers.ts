import { createHash } from 'node:crypto';
import type { EventEmitter } from 'node:events';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import * as http from 'node:http';
import * as net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** Starts `server` on a free port of the loopback interface, or on `path`, until the test ends. */
export async function listen(server: net.Server, path?: string): Promise<number> {
  const sockets = new Set<net.Socket>();
  const keep = (socket: net.Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  };
  server.on('connection', keep);
  server.on('secureConnection', keep);
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    if (!server.listening) return;
    server.close();
    await once(server, 'close');
  });

  if (path === undefined) server.listen(0, '127.0.0.1');
  else server.listen(path);
  await once(server, 'listening');
  return path === undefined ? (server.address() as net.AddressInfo).port : 0;
}

/** A path for a Unix domain socket, or a pipe on Windows, that exists until the test ends. */
export function ipcPath(): string {
  if (process.platform === 'win32') {
    return `\\\\.\\pipe\\ferrows-${process.pid}-${Math.random().toString(36).slice(2)}`;
  }
  const directory = mkdtempSync(join(tmpdir(), 'ferrows-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  return join(directory, 's');
}

/** What a client's request said. */
export interface RawRequest {
  /** The lines before the empty one. */
  lines: string[];
  /** Values by name in lower case. */
  headers: Record<string, string>;
  socket: net.Socket;
}

/** A TCP server that calls `answer` with each request head; returns its port. */
export function rawServer(answer: (request: RawRequest) => void, path?: string): Promise<number> {
  const server = net.createServer((socket) => {
    let text = '';
    socket.on('error', () => {});
    socket.on('data', function read(chunk) {
      text += chunk.toString('latin1');
      const end = text.indexOf('\r\n\r\n');
      if (end === -1) return;
      socket.removeListener('data', read);
      answer({ ...parseHead(text.slice(0, end)), socket });
    });
  });
  return listen(server, path);
}

export function parseHead(head: string): Omit<RawRequest, 'socket'> {
  const lines = head.split('\r\n');
  const headers: Record<string, string> = {};
  for (const line of lines.slice(1)) {
    const colon = line.indexOf(': ');
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 2);
  }
  return { lines, headers };
}

/** The 101 response to `request`, with further header lines. */
export function switchingProtocols(request: RawRequest, ...lines: string[]): string {
  return [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${digest(request.headers['sec-websocket-key'])}`,
    ...lines,
    '\r\n'
  ].join('\r\n');
}

export function digest(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
}

/** An HTTP server; returns its port. */
export function httpServer(
  listeners: { request?: http.RequestListener; upgrade?: (...args: any[]) => void },
  path?: string
): Promise<number> {
  const server = http.createServer(listeners.request);
  if (listeners.upgrade) server.on('upgrade', listeners.upgrade);
  return listen(server, path);
}

/** Records what `emitter` emits from now on; the promise ends with 'close'. */
export function untilClose(emitter: EventEmitter, ...more: string[]): Promise<string[]> {
  const transcript: string[] = [];
  for (const event of ['open', 'upgrade', 'redirect', ...more]) {
    emitter.on(event, () => transcript.push(event));
  }
  emitter.on('error', (error: Error) => transcript.push(`error ${error.message}`));
  return new Promise((resolve) => {
    emitter.on('close', (code: number, reason: Buffer) => {
      transcript.push(`close ${code} ${reason}`.trimEnd());
      resolve(transcript);
    });
  });
}

/** Sends `text` to `port` and returns everything that comes back until the peer ends. */
export async function exchange(port: number, text: string): Promise<string> {
  const socket = net.connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  let answer = '';
  socket.setEncoding('latin1');
  socket.on('data', (chunk) => (answer += chunk));
  socket.write(text);
  await once(socket, 'end');
  socket.end();
  return answer;
}

/** A request that every server accepts, with replaced, added or (null) removed headers. */
export function upgradeRequest(
  changes: Record<string, string | null> = {},
  requestLine = 'GET / HTTP/1.1'
): string {
  const headers: Record<string, string | null> = {
    Host: 'localhost',
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version': '13',
    ...changes
  };
  const lines = Object.entries(headers)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name}: ${value}`);
  return [requestLine, ...lines, '\r\n'].join('\r\n');
}
