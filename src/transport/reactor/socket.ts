import type { EventEmitter } from 'node:events';
import { Socket } from 'node:net';
import type { Handle } from './descriptor.js';

const kOwner = Symbol('reactor');

/** Who reads and writes the descriptor of a socket in Node's place. */
export interface SocketOwner {
  /** The reactor's number of the connection; 0 once Node has the descriptor to itself again. */
  readonly id: number;
  readonly bytesRead: number;
  readonly bytesSent: number;
  /** Whether anything was read since this was asked, or anything else has happened. */
  hasRead(): boolean;
  /** Somebody listens to what the socket reads, too. */
  tap(): void;
  /** Bytes of the peer that wait because the socket is paused. */
  readonly bytesHeld: number;
  pauseReading(): void;
  resumeReading(): void;
  /** Gives what was sent to the kernel. */
  flush(): void;
  /** Somebody else is about to use the socket: what was sent before goes first. */
  yieldOrder(): void;
  /** A write of the socket's. */
  writeRaw(data: Buffer, callback: Callback): void;
  /** Runs `last` when the kernel has taken everything. */
  whenWritten(last: () => void): void;
  /** Whether the event loop goes on for this connection's sake. */
  keepAlive(alive: boolean): void;
  /** The descriptor is about to be closed. */
  detach(): void;
}

type ReactorSocket = Socket & { [kOwner]: SocketOwner };
type Callback = (error?: Error | null) => void;
type Method = (...args: unknown[]) => unknown;
/** Methods that the declarations of `net` do not have. */
type Inner = Record<'_write' | '_writev' | '_final' | '_onTimeout', Method>;

const inner = Socket.prototype as unknown as Inner;

const methods = {
  write(this: ReactorSocket, ...args: unknown[]): unknown {
    this[kOwner].yieldOrder();
    return (Socket.prototype.write as Method).apply(this, args);
  },
  end(this: ReactorSocket, ...args: unknown[]): unknown {
    this[kOwner].yieldOrder();
    return (Socket.prototype.end as Method).apply(this, args);
  },
  destroy(this: ReactorSocket, ...args: unknown[]): unknown {
    this[kOwner].flush();
    return (Socket.prototype.destroy as Method).apply(this, args);
  },
  on(this: ReactorSocket, name: unknown, ...args: unknown[]): unknown {
    if (name === 'data') this[kOwner].tap();
    return (Socket.prototype.on as Method).call(this, name, ...args);
  },
  addListener(this: ReactorSocket, ...args: [unknown, ...unknown[]]): unknown {
    return methods.on.apply(this, args);
  },
  prependListener(this: ReactorSocket, name: unknown, ...args: unknown[]): unknown {
    if (name === 'data') this[kOwner].tap();
    return (Socket.prototype.prependListener as Method).call(this, name, ...args);
  },
  pause(this: ReactorSocket): unknown {
    this[kOwner].pauseReading();
    return Socket.prototype.pause.call(this);
  },
  resume(this: ReactorSocket): unknown {
    this[kOwner].resumeReading();
    return Socket.prototype.resume.call(this);
  },
  ref(this: ReactorSocket): unknown {
    this[kOwner].keepAlive(true);
    return Socket.prototype.ref.call(this);
  },
  unref(this: ReactorSocket): unknown {
    this[kOwner].keepAlive(false);
    return Socket.prototype.unref.call(this);
  },
  setTimeout(this: ReactorSocket, ...args: unknown[]): unknown {
    this[kOwner].hasRead();
    return (Socket.prototype.setTimeout as Method).apply(this, args);
  },
  /** Nobody is told of each part of a message that is read. */
  _onTimeout(this: ReactorSocket): void {
    if (this[kOwner].hasRead()) (this as ReactorSocket & { _unrefTimer(): void })._unrefTimer();
    else inner._onTimeout.call(this);
  },
  /** Nobody but the reactor reads the descriptor. */
  _read(): void {},
  _write(this: ReactorSocket, data: Buffer | string, encoding: BufferEncoding, callback: Callback) {
    const owner = this[kOwner];
    if (owner.id === 0) return inner._write.call(this, data, encoding, callback);
    owner.writeRaw(bytesOf(data, encoding), callback);
  },
  _writev(
    this: ReactorSocket,
    chunks: { chunk: Buffer | string; encoding: BufferEncoding }[],
    callback: Callback
  ) {
    const owner = this[kOwner];
    if (owner.id === 0) return inner._writev.call(this, chunks, callback);
    const list = chunks.map(({ chunk, encoding }) => bytesOf(chunk, encoding));
    owner.writeRaw(Buffer.concat(list), callback);
  },
  /** A half-close waits for what the kernel has not taken. */
  _final(this: ReactorSocket, callback: Callback): void {
    this[kOwner].whenWritten(() => inner._final.call(this, callback));
  }
};

const prototype = Object.create(Socket.prototype) as object;
for (const [name, value] of Object.entries(methods)) {
  Object.defineProperty(prototype, name, { value, configurable: true, writable: true });
}
count('bytesRead', (owner) => owner.bytesRead);
count('_bytesDispatched', (owner) => owner.bytesSent);
count('readableLength', (owner) => owner.bytesHeld);

/** Adds what the reactor has counted to what Node has. */
function count(name: string, counted: (owner: SocketOwner) => number): void {
  const descriptor = Object.getOwnPropertyDescriptor(Socket.prototype, name);
  Object.defineProperty(prototype, name, {
    configurable: true,
    get(this: ReactorSocket) {
      const ofNode = (descriptor?.get?.call(this) as number | undefined) ?? 0;
      return ofNode + counted(this[kOwner]);
    }
  });
}

/**
 * Takes a socket out of Node's hands, except for what concerns its life. Properties that are added to it
 * later would give every socket a shape of its own, of a kilobyte.
 */
export function takeOver(socket: Socket, handle: Handle, owner: SocketOwner): void {
  handle.readStop();
  handle.reading = false;
  (socket as ReactorSocket)[kOwner] = owner;
  // A server of Node's leaves methods on its sockets that were for its parser, which is gone. To
  // delete them would make the socket a dictionary, four times its size.
  for (const name of ['on', 'addListener', 'prependListener'] as const) {
    const own = Object.getOwnPropertyDescriptor(socket, name)?.value as Method | undefined;
    if (own === Socket.prototype[name] || own?.name === 'socketListenerWrap') {
      (socket as unknown as Record<typeof name, unknown>)[name] = methods[name];
    }
  }
  Object.setPrototypeOf(socket, prototype);
  // Whoever closes the descriptor: the reactor lets go of it before its number can be used again.
  const owned = handle as Handle & { [kOwner]?: SocketOwner };
  owned[kOwner] = owner;
  owned.close = closeHandle;
  if (typeof handle.reset === 'function') owned.reset = resetHandle;
}

/** A server of Node's, which counts its connections, and closes after the last one. */
export interface CountingServer {
  _connections: number;
  _emitCloseIfDrained(): void;
}

/**
 * Has Node close its descriptor and forget the socket, of which nobody is told. The server goes on
 * counting the connection until it leaves. `heir` gets those who listen for errors.
 */
export function letGo(socket: Socket, heir: EventEmitter): CountingServer | null {
  for (const listener of socket.listeners('error')) heir.on('error', listener as () => void);
  socket.removeAllListeners();
  socket.on('error', ignore);
  const counted = socket as { _server?: CountingServer | null };
  const server = counted._server ?? null;
  if (server !== null) counted._server = null;
  socket.destroy();
  return server;
}

/** One connection less, as Node's own sockets tell it. */
export function leave(server: CountingServer): void {
  server._connections--;
  server._emitCloseIfDrained();
}

function ignore(): void {}

function closeHandle(this: Handle & { [kOwner]?: SocketOwner }, callback?: () => void) {
  this[kOwner]?.detach();
  return (Object.getPrototypeOf(this) as Handle).close.call(this, callback);
}

function resetHandle(this: Handle & { [kOwner]?: SocketOwner }, callback?: () => void) {
  this[kOwner]?.detach();
  return (Object.getPrototypeOf(this) as Required<Handle>).reset.call(this, callback);
}

function bytesOf(data: Buffer | string, encoding: BufferEncoding): Buffer {
  return typeof data === 'string' ? Buffer.from(data, encoding) : data;
}
