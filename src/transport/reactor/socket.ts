import { Socket } from 'node:net';
import type { Handle } from './descriptor.js';
import type { ReactorTransport } from './transport.js';

export const kReactor = Symbol('reactor');

export type ReactorSocket = Socket & { [kReactor]: ReactorTransport };
type Callback = (error?: Error | null) => void;
type Method = (...args: unknown[]) => unknown;
/** Methods that the declarations of `net` do not have. */
type Inner = Record<'_write' | '_writev' | '_final', Method>;

const inner = Socket.prototype as unknown as Inner;

const methods = {
  write(this: ReactorSocket, ...args: unknown[]): unknown {
    this[kReactor].yieldOrder();
    return (Socket.prototype.write as Method).apply(this, args);
  },
  end(this: ReactorSocket, ...args: unknown[]): unknown {
    this[kReactor].yieldOrder();
    return (Socket.prototype.end as Method).apply(this, args);
  },
  destroy(this: ReactorSocket, ...args: unknown[]): unknown {
    this[kReactor].flush();
    return (Socket.prototype.destroy as Method).apply(this, args);
  },
  pause(this: ReactorSocket): unknown {
    this[kReactor].pauseReading();
    return Socket.prototype.pause.call(this);
  },
  resume(this: ReactorSocket): unknown {
    this[kReactor].resumeReading();
    return Socket.prototype.resume.call(this);
  },
  ref(this: ReactorSocket): unknown {
    this[kReactor].keepAlive(true);
    return Socket.prototype.ref.call(this);
  },
  unref(this: ReactorSocket): unknown {
    this[kReactor].keepAlive(false);
    return Socket.prototype.unref.call(this);
  },
  /** Nobody but the reactor reads the descriptor. */
  _read(): void {},
  _write(this: ReactorSocket, data: Buffer | string, encoding: BufferEncoding, callback: Callback) {
    const transport = this[kReactor];
    if (transport.id === 0) return inner._write.call(this, data, encoding, callback);
    transport.writeRaw(bytesOf(data, encoding), callback);
  },
  _writev(
    this: ReactorSocket,
    chunks: { chunk: Buffer | string; encoding: BufferEncoding }[],
    callback: Callback
  ) {
    const transport = this[kReactor];
    if (transport.id === 0) return inner._writev.call(this, chunks, callback);
    const list = chunks.map(({ chunk, encoding }) => bytesOf(chunk, encoding));
    transport.writeRaw(Buffer.concat(list), callback);
  },
  /** A half-close waits for what the kernel has not taken. */
  _final(this: ReactorSocket, callback: Callback): void {
    this[kReactor].whenWritten(() => inner._final.call(this, callback));
  }
};

const prototype = Object.create(Socket.prototype) as object;
for (const [name, value] of Object.entries(methods)) {
  Object.defineProperty(prototype, name, { value, configurable: true, writable: true });
}
count('bytesRead', (transport) => transport.bytesRead);
count('_bytesDispatched', (transport) => transport.bytesSent);

/** Adds what the reactor has counted to what Node has. */
function count(name: string, counted: (transport: ReactorTransport) => number): void {
  const descriptor = Object.getOwnPropertyDescriptor(Socket.prototype, name);
  Object.defineProperty(prototype, name, {
    configurable: true,
    get(this: ReactorSocket) {
      const ofNode = (descriptor?.get?.call(this) as number | undefined) ?? 0;
      return ofNode + counted(this[kReactor]);
    }
  });
}

/** Takes a socket out of Node's hands, except for what concerns its life. */
export function takeOver(socket: Socket, handle: Handle, transport: ReactorTransport): void {
  handle.readStop();
  handle.reading = false;
  (socket as ReactorSocket)[kReactor] = transport;
  Object.setPrototypeOf(socket, prototype);
  // Whoever closes the descriptor: the reactor lets go of it before its number can be used again.
  const owned = handle as Handle & { [kReactor]?: ReactorTransport };
  owned[kReactor] = transport;
  owned.close = closeHandle;
  if (typeof handle.reset === 'function') owned.reset = resetHandle;
}

function closeHandle(this: Handle & { [kReactor]?: ReactorTransport }, callback?: () => void) {
  this[kReactor]?.detach();
  return (Object.getPrototypeOf(this) as Handle).close.call(this, callback);
}

function resetHandle(this: Handle & { [kReactor]?: ReactorTransport }, callback?: () => void) {
  this[kReactor]?.detach();
  return (Object.getPrototypeOf(this) as Required<Handle>).reset.call(this, callback);
}

function bytesOf(data: Buffer | string, encoding: BufferEncoding): Buffer {
  return typeof data === 'string' ? Buffer.from(data, encoding) : data;
}
