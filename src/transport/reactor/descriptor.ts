import { Socket } from 'node:net';

/** What lies under a `net.Socket`: a TCP or a Pipe handle. */
export interface Handle {
  readonly fd: number;
  reading: boolean;
  readStop(): number;
  hasRef(): boolean;
  close(callback?: () => void): void;
  reset?(callback?: () => void): number;
}

export type HandledSocket = Socket & { _handle: Handle | null; _unrefTimer(): void };

/** Methods whose own versions on a socket mean that somebody else has a hand in it. */
const METHODS = [
  'write',
  'end',
  'destroy',
  'pause',
  'resume',
  '_read',
  '_write',
  '_writev',
  '_final'
];

/**
 * The descriptor of a socket that is nothing but Node's connected TCP or Unix socket, at rest; -1 for
 * all others, which have to be read and written through their own methods.
 */
export function descriptorOf(candidate: unknown): number {
  if (!(candidate instanceof Socket)) return -1;
  const socket = candidate as HandledSocket;
  if (Object.getPrototypeOf(socket) !== Socket.prototype) return -1;
  for (const method of METHODS) if (Object.hasOwn(socket, method)) return -1;
  if (socket.destroyed || socket.connecting || socket.readableEnded || socket.writableEnded)
    return -1;
  if (socket.writableLength > 0 || socket.writableCorked > 0) return -1;
  if (socket.listenerCount('data') > 0 || socket.listenerCount('readable') > 0) return -1;
  if (!socket.readable || socket.readableEncoding !== null) return -1;
  const handle = socket._handle;
  if (!handle || typeof handle.readStop !== 'function' || typeof handle.hasRef !== 'function')
    return -1;
  const name = handle.constructor.name;
  if (name !== 'TCP' && name !== 'Pipe') return -1;
  return typeof handle.fd === 'number' ? handle.fd : -1;
}
