import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { EMPTY, view } from '../endpoint/buffer.js';
import { COPY_MIN, type SendCallback } from '../endpoint/contract.js';
import { beginBatch, endBatch, enqueue, exiting } from './coalesce.js';
import type { Transport, TransportHandler } from './contract.js';
import { inScope } from './scope.js';
import { grow, trim, type Region } from './slab.js';

const kTransport = Symbol('transport');

/** Regions of the slab are handed out with this much room for the next messages of the batch. */
const ROOM = 64;

type Taken = Duplex & { [kTransport]?: StreamTransport };

/** Moves bytes through any Duplex: a TCP or TLS socket, an HTTP/2 stream, a caller's own. */
export class StreamTransport implements Transport, Region {
  readonly socket: Duplex;
  protected readonly handler: TransportHandler;
  private readonly coalesce: boolean;

  memory: Buffer = EMPTY;
  start = 0;
  end = 0;
  limit = 0;
  private queued = false;
  private callbacks: SendCallback[] | null = null;

  constructor(socket: Duplex, handler: TransportHandler, coalesce: boolean) {
    this.socket = socket;
    this.handler = handler;
    this.coalesce = coalesce;
  }

  /** Takes the socket over: `head` are bytes of the peer that were read from it already. */
  open(head: Buffer): void {
    const socket = this.socket as Taken;
    if (head.length > 0) socket.unshift(head);
    this.listen();
    socket.on('data', onData);

    // Whatever else is written to the socket, or ends it, comes after what was sent before.
    for (const name of ['write', 'end', 'destroy'] as const) {
      if (!Object.hasOwn(socket, name)) {
        Object.defineProperty(socket, name, {
          value: flushFirst[name],
          configurable: true,
          writable: true
        });
      }
    }
  }

  /** Learns of everything about the socket but what it reads. */
  protected listen(): void {
    const socket = this.socket as Taken & Partial<Socket>;
    socket[kTransport] = this;
    // A Duplex need not have these.
    if (socket.setTimeout) socket.setTimeout(0);
    if (socket.setNoDelay) socket.setNoDelay();
    socket.on('close', onClose);
    socket.on('end', onEnd);
    socket.on('error', onError);
  }

  /** Bytes the peer sends from now on are read and thrown away. */
  discardIncoming(): void {
    this.socket.removeListener('data', onData);
    process.nextTick(resume, this.socket);
  }

  copies(length: number): boolean {
    return length < COPY_MIN;
  }

  reserve(length: number): number {
    if (this.end + length > this.limit) {
      grow(this, this.end === this.start ? length + ROOM : length);
    }
    const at = this.end;
    this.end = at + length;
    if (!this.queued) this.enqueue();
    return at;
  }

  onFlushed(callback: SendCallback): void {
    (this.callbacks ??= []).push(inScope(callback));
  }

  commit(): void {
    if (!this.coalesce || exiting) this.flush();
  }

  writeThrough(list: readonly (Buffer | string)[], callback?: SendCallback): void {
    if (this.end > this.start) this.flush();
    const { socket } = this;
    if (list.length === 1) {
      write(socket, list[0], callback);
      return;
    }
    const last = list.length - 1;
    socket.cork();
    for (let i = 0; i < last; i++) write(socket, list[i]);
    write(socket, list[last], callback);
    socket.uncork();
  }

  flush(): void {
    this.queued = false;
    const { start, end, callbacks } = this;
    if (end === start) return;
    trim(this);
    const bytes = view(this.memory, start, end - start);
    this.memory = EMPTY;
    this.start = this.end = this.limit = 0;
    this.callbacks = null;

    if (callbacks === null) write(this.socket, bytes);
    else if (callbacks.length === 1) write(this.socket, bytes, callbacks[0]);
    else write(this.socket, bytes, (error) => callAll(callbacks, error, 0));
  }

  get bufferedAmount(): number {
    return this.end - this.start + this.socket.writableLength;
  }

  get destroyed(): boolean {
    return this.socket.destroyed;
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  /** Half-closes the connection after everything sent. */
  shutdown(): void {
    this.socket.end();
  }

  destroy(): void {
    this.socket.destroy();
  }

  private enqueue(): void {
    this.queued = true;
    if (this.coalesce) enqueue(this);
  }

  /** Feeds the endpoint; everything sent meanwhile leaves when this is done. */
  receive(chunk: Buffer): void {
    beginBatch();
    try {
      if (!this.handler.onBytes(chunk)) this.socket.pause();
    } finally {
      endBatch();
    }
  }

  ended(): void {
    this.handler.onEnd();
    this.socket.end();
  }

  failed(): void {
    this.handler.onBroken();
    this.socket.destroy();
  }

  /**
   * The socket is gone. A paused one may still hold bytes of the peer: they are delivered first.
   */
  closed(): void {
    const { socket } = this as { socket: Taken };
    socket.removeListener('close', onClose);
    socket.removeListener('data', onData);
    socket.removeListener('end', onEnd);
    const rest =
      socket.readableEnded || socket.readableLength === 0
        ? null
        : (socket.read(socket.readableLength) as Buffer | null);
    socket[kTransport] = undefined;
    beginBatch();
    try {
      this.handler.onClosed(rest);
    } finally {
      endBatch();
    }
  }
}

/** Writes past `flushFirst`, which is for everybody else. */
function write(socket: Duplex, data: Buffer | string, callback?: SendCallback): void {
  const method = socket.write === flushFirst.write ? inherited(socket).write : socket.write;
  method.call(socket, data, callback as never);
}

function inherited(socket: Duplex): Duplex {
  return Object.getPrototypeOf(socket) as Duplex;
}

const flushFirst = {
  write(this: Taken, ...args: unknown[]): unknown {
    this[kTransport]?.flush();
    return (inherited(this).write as (...a: unknown[]) => unknown).apply(this, args);
  },
  end(this: Taken, ...args: unknown[]): unknown {
    this[kTransport]?.flush();
    return (inherited(this).end as (...a: unknown[]) => unknown).apply(this, args);
  },
  destroy(this: Taken, ...args: unknown[]): unknown {
    this[kTransport]?.flush();
    return (inherited(this).destroy as (...a: unknown[]) => unknown).apply(this, args);
  }
};

/** Calls everyone in order; one that throws does not keep the rest from being called. */
function callAll(callbacks: SendCallback[], error: Error | null | undefined, from: number): void {
  let i = from;
  try {
    for (; i < callbacks.length; i++) callbacks[i](error);
  } finally {
    if (i < callbacks.length) process.nextTick(callAll, callbacks, error, i + 1);
  }
}

function onData(this: Taken, chunk: Buffer): void {
  this[kTransport]!.receive(chunk);
}

function onEnd(this: Taken): void {
  this[kTransport]!.ended();
}

function onClose(this: Taken): void {
  this[kTransport]!.closed();
}

function onError(this: Taken): void {
  this.removeListener('error', onError);
  this.on('error', ignore);
  this[kTransport]?.failed();
}

function ignore(): void {}

function resume(socket: Duplex): void {
  socket.resume();
}
