import type { Socket } from 'node:net';
import type { SendCallback } from '../../endpoint/contract.js';
import type { ReactorIncoming } from '../../endpoint/native/reactor-incoming.js';
import { Kind, type Memory } from '../../endpoint/native/table.js';
import type { TransportHandler } from '../contract.js';
import { currentScope, inScope } from '../scope.js';
import { StreamTransport } from '../stream.js';
import type { HandledSocket } from './descriptor.js';
import {
  bytes,
  callWhenTaken,
  failPending as failPendingOf,
  give,
  measure,
  settle,
  whenWritten,
  type Carrier,
  type Progress
} from './progress.js';
import { takeOver, type SocketOwner } from './socket.js';
import { systemError } from './system-error.js';

/**
 * A connection whose descriptor the reactor reads and writes. Node's socket stays what it is to
 * everybody else. Where bytes have to keep their place behind others that wait in Node's socket, or
 * the descriptor is gone, this is a `StreamTransport`.
 */
export class ReactorTransport extends StreamTransport implements Progress, SocketOwner {
  /** Bytes in the shared outbox. */
  outboxed = 0;
  readonly reactor: Carrier;
  private readonly incoming: ReactorIncoming;
  private readonly scope = currentScope();
  /** Whether what is sent goes through the outbox. */
  private direct = true;
  total = 0;
  acked = 0;
  blocked = false;
  pending: Progress['pending'] = null;
  /** Whether the next flush looks at them. */
  willCall = false;
  finalCallback: (() => void) | null = null;
  /** Length of a write of the socket's that has not been taken entirely. */
  private rawLength = 0;
  private isAlive = false;
  private endWaits = false;
  private readBefore = 0;
  private readAtTouch = 0;

  constructor(
    reactor: Carrier,
    incoming: ReactorIncoming,
    socket: Socket,
    handler: TransportHandler,
    coalesce: boolean
  ) {
    super(socket, handler, coalesce);
    this.reactor = reactor;
    this.incoming = incoming;
  }

  /** The reactor's number of this connection; 0 once it has let go of it. */
  get id(): number {
    return this.incoming.id;
  }

  override open(head: Buffer): void {
    const { reactor, id } = this;
    const socket = this.socket as HandledSocket;
    const handle = socket._handle;
    if (handle === null) {
      this.detach();
      super.open(head);
      return;
    }
    this.listen();
    takeOver(socket, handle, this);
    if (handle.hasRef()) this.keepAlive(true);
    if (head.length > 0) reactor.native.feed(id, head);
    const rest = socket.read() as Buffer | null;
    if (rest !== null) reactor.native.feed(id, rest);
    if (head.length > 0 || rest !== null) reactor.pollSoon();
    socket.resume();
  }

  // Receiving.

  receiveRows(table: Int32Array, at: number, end: number, slab: Memory, space: Memory): void {
    this.touch();
    const { incoming } = this;
    this.scope.runInAsyncScope(incoming.takeRows, incoming, table, at, end, slab, space);
    if (incoming.needsDrain && this.id !== 0) this.reactor.native.pause(this.id);
  }

  notice(kind: number, value: number): void {
    this.scope.runInAsyncScope(this.noticed, this, kind, value);
  }

  private noticed(kind: number, value: number): void {
    const { socket } = this;
    switch (kind) {
      case Kind.Progress:
        this.touch();
        this.refused();
        this.settle();
        break;
      case Kind.Ended:
        this.pushEnd();
        // It may have been resumed in this very batch.
        if (this.endWaits) process.nextTick(pushEnd, this);
        break;
      default:
        socket.destroy(systemError(value));
    }
  }

  /** The peer has ended: that comes behind what waits of it. */
  pushEnd(): void {
    this.endWaits = this.incoming.hasStashed;
    if (this.endWaits || this.socket.destroyed) return;
    this.socket.push(null);
    this.socket.read(0);
  }

  override discardIncoming(): void {
    if (this.id === 0) return;
    this.resumeReading();
    this.reactor.native.discard(this.id);
    process.nextTick(resume, this.socket);
  }

  pauseReading(): void {
    if (!this.incoming.pause()) return;
    if (this.id !== 0) this.reactor.native.pauseSoon(this.id);
  }

  resumeReading(): void {
    this.incoming.resume();
    if (this.endWaits) process.nextTick(pushEnd, this);
    if (this.id !== 0 && !this.incoming.needsDrain) this.reactor.native.resume(this.id);
  }

  get bytesRead(): number {
    return this.id === 0 ? this.readBefore : this.reactor.native.read(this.id);
  }

  tap(): void {
    if (this.id !== 0) this.reactor.native.tap(this.id, true);
  }

  /** Bytes for those who listen to the socket. */
  receiveRaw(chunk: Buffer): void {
    if (this.socket.listenerCount('data') > 0) this.socket.emit('data', chunk);
    else if (this.id !== 0) this.reactor.native.tap(this.id, false);
  }

  get bytesHeld(): number {
    return this.incoming.stashedBytes;
  }

  /** Whether anything was read since the time of the socket's timeout has begun. */
  hasRead(): boolean {
    const { bytesRead } = this;
    const hasRead = bytesRead !== this.readAtTouch;
    this.readAtTouch = bytesRead;
    return hasRead;
  }

  /** Something happens: the time of the socket's timeout begins again. */
  private touch(): void {
    const socket = this.socket as HandledSocket;
    if (!socket.timeout) return;
    this.readAtTouch = this.bytesRead;
    socket._unrefTimer();
  }

  // Sending.

  override copies(length: number): boolean {
    return this.direct ? this.reactor.outbox.copies(length) : super.copies(length);
  }

  override reserve(length: number): number {
    if (!this.direct && !this.returnsToOrder()) return super.reserve(length);
    const { outbox } = this.reactor;
    const at = outbox.reserve(this.id, length);
    this.memory = outbox.memory;
    this.outboxed += length;
    this.total += length;
    return at;
  }

  override onFlushed(callback: SendCallback): void {
    if (!this.direct) super.onFlushed(callback);
    else {
      this.reactor.outbox.settleLater(this);
      callWhenTaken(this, inScope(callback));
    }
  }

  override writeThrough(list: readonly (Buffer | string)[], callback?: SendCallback): void {
    if (!this.direct && !this.returnsToOrder()) {
      super.writeThrough(list, callback);
      return;
    }
    this.flush();
    for (let i = 0; i < list.length; i += 2) {
      this.give(bytes(list[i]), i + 1 < list.length ? bytes(list[i + 1]) : undefined);
    }
    if (callback !== undefined) {
      callWhenTaken(this, inScope(callback));
      this.settle();
    }
  }

  override flush(): void {
    if (this.end > this.start) super.flush();
    else if (this.outboxed > 0) this.reactor.outbox.send();
  }

  override get bufferedAmount(): number {
    const { socket } = this;
    const inSocket = this.end - this.start + socket.writableLength - this.rawLength;
    const backlog = this.blocked && this.id !== 0 ? this.reactor.native.backlog(this.id) : 0;
    return inSocket + this.outboxed + backlog;
  }

  get bytesSent(): number {
    return this.total;
  }

  /** Somebody else is about to use the socket: what was sent before goes first. */
  yieldOrder(): void {
    this.flush();
    this.direct = false;
  }

  /** A write of the socket's. */
  writeRaw(data: Buffer, callback: SendCallback): void {
    this.flushOutbox();
    const isTaken = this.give(data);
    if (isTaken) {
      callback(null);
      return;
    }
    this.rawLength = data.length;
    callWhenTaken(this, (error) => {
      this.rawLength = 0;
      callback(error);
    });
  }

  /** Runs `last` when the kernel has taken everything. */
  whenWritten(last: () => void): void {
    whenWritten(this, last);
  }

  flushed(): void {
    this.outboxed = 0;
    this.touch();
  }

  refused(): void {
    if (this.id !== 0) measure(this);
  }

  settle(): void {
    settle(this);
  }

  /** Whether the event loop goes on for this connection's sake. */
  keepAlive(alive: boolean): void {
    if (this.isAlive === alive || (alive && this.id === 0)) return;
    this.isAlive = alive;
    this.reactor.keepAlive(alive ? 1 : -1);
  }

  /** The descriptor is about to be closed. */
  detach(): void {
    const { id, reactor } = this;
    if (id === 0) return;
    this.readBefore = reactor.native.read(id);
    reactor.remove(id);
    this.incoming.id = 0;
    this.outboxed = 0;
    this.direct = this.blocked = false;
    this.keepAlive(false);
    process.nextTick(failPending, this);
  }

  failPending(): void {
    failPendingOf(this, this.socket.errored);
  }

  override closed(): void {
    // A paused socket still holds what had come.
    this.incoming.resume();
    this.incoming.unstash();
    super.closed();
  }

  private give(a: Buffer, b?: Buffer): boolean {
    this.touch();
    return give(this, a, b);
  }

  private flushOutbox(): void {
    if (this.outboxed > 0) this.reactor.outbox.send();
  }

  /** Whether nothing waits in Node's socket any more. */
  private returnsToOrder(): boolean {
    const { socket } = this;
    if (this.id === 0 || this.end > this.start) return false;
    if (socket.writableLength > 0 || socket.writableEnded) return false;
    this.direct = true;
    return true;
  }
}

function failPending(transport: ReactorTransport): void {
  transport.failPending();
}

function pushEnd(transport: ReactorTransport): void {
  transport.pushEnd();
}

function resume(socket: Socket): void {
  socket.resume();
}
