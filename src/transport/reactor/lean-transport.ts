import type { Socket } from 'node:net';
import type { SendCallback } from '../../endpoint/contract.js';
import type { ReactorIncoming } from '../../endpoint/native/reactor-incoming.js';
import { Kind, type Memory } from '../../endpoint/native/table.js';
import { beginBatch, endBatch, exiting } from '../coalesce.js';
import type { Transport, TransportHandler } from '../contract.js';
import { currentScope, inScope } from '../scope.js';
import type { HandledSocket } from './descriptor.js';
import { LeanSocket, type LeanOwner } from './lean-socket.js';
import {
  bytes,
  callWhenTaken,
  destroyedError,
  failPending,
  give,
  measure,
  settle,
  whenWritten,
  type Carrier,
  type Progress
} from './progress.js';
import { leave, letGo, type CountingServer } from './socket.js';
import { systemError } from './system-error.js';

/**
 * How a connection ends, in bits of which none is ever taken back.
 *
 *     Ended ─────────────┐
 *                        ├──► Destroyed ──► Closed
 *     ShutDown ► Finished┘        ▲
 *                        errors ──┘
 */
const enum Stage {
  /** The peer has half-closed, and everybody knows. */
  Ended = 1,
  /** Nothing more is sent. */
  ShutDown = 2,
  /** Everything was given to the kernel, and the peer is told that it was all. */
  Finished = 4,
  /** The descriptor is closed. */
  Destroyed = 8,
  Closed = 16
}

/**
 * A connection of the reactor's own: Rust has duplicated the descriptor, and Node's socket is gone
 * with all of its memory. In its place is a `LeanSocket`.
 */
export class LeanTransport implements Transport, Progress, LeanOwner {
  readonly socket: LeanSocket;
  readonly reactor: Carrier;
  outboxed = 0;
  willCall = false;
  total = 0;
  acked = 0;
  blocked = false;
  pending: Progress['pending'] = null;
  finalCallback: (() => void) | null = null;

  private readonly incoming: ReactorIncoming;
  private readonly handler: TransportHandler;
  private readonly coalesce: boolean;
  private readonly scope = currentScope();
  /** Node's socket, until `open`. */
  private former: Socket | null;
  /** The server that counts its connections, this one among them. */
  private server: CountingServer | null = null;
  private stage = 0;
  private isAlive = false;
  /** The peer's end waits for what came before it. */
  private endWaits = false;
  /** Bytes of the opening handshake, and of everything once the connection is destroyed. */
  private readBefore: number;
  private readonly writtenBefore: number;

  constructor(
    reactor: Carrier,
    incoming: ReactorIncoming,
    former: Socket,
    handler: TransportHandler,
    coalesce: boolean
  ) {
    this.reactor = reactor;
    this.incoming = incoming;
    this.handler = handler;
    this.coalesce = coalesce;
    this.former = former;
    this.readBefore = former.bytesRead;
    this.writtenBefore = former.bytesWritten;
    this.socket = new LeanSocket(this);
  }

  /** The reactor's number of this connection; 0 once it is destroyed. */
  get id(): number {
    return this.incoming.id;
  }

  open(head: Buffer): void {
    const { reactor, id } = this;
    const former = this.former as HandledSocket;
    this.former = null;
    if (former._handle!.hasRef()) this.keepAlive(true);
    if (head.length > 0) reactor.native.feed(id, head);
    const rest = former.read() as Buffer | null;
    if (rest !== null) reactor.native.feed(id, rest);
    if (head.length > 0 || rest !== null) reactor.pollSoon();
    reactor.native.setNoDelay(id, true);
    this.server = letGo(former, this.socket);
  }

  // Receiving.

  receiveRows(table: Int32Array, at: number, end: number, slab: Memory, space: Memory): void {
    const { incoming } = this;
    this.scope.runInAsyncScope(incoming.takeRows, incoming, table, at, end, slab, space);
    if (incoming.needsDrain && !this.destroyed) this.reactor.native.pause(this.id);
  }

  notice(kind: number, value: number): void {
    this.scope.runInAsyncScope(this.noticed, this, kind, value);
  }

  private noticed(kind: number, value: number): void {
    switch (kind) {
      case Kind.Progress:
        this.refused();
        this.settle();
        if (!this.blocked) this.socket.drained();
        break;
      case Kind.Ended:
        process.nextTick(endRead, this);
        break;
      default:
        this.destroy(systemError(value));
    }
  }

  /** The peer has ended: this side follows, once what waits of the peer was delivered. */
  endRead(): void {
    this.endWaits = this.incoming.hasStashed;
    if (this.endWaits || this.stage & (Stage.Ended | Stage.Destroyed)) return;
    this.stage |= Stage.Ended;
    this.handler.onEnd();
    this.socket.emit('end');
    this.shutdown();
    this.destroyIfDone();
  }

  discardIncoming(): void {
    if (this.destroyed) return;
    this.resume();
    this.reactor.native.discard(this.id);
  }

  pause(): void {
    if (this.incoming.pause() && !this.destroyed) this.reactor.native.pauseSoon(this.id);
  }

  resume(): void {
    this.incoming.resume();
    if (this.endWaits) process.nextTick(endRead, this);
    if (!this.destroyed && !this.incoming.needsDrain) this.reactor.native.resume(this.id);
  }

  get isPaused(): boolean {
    return this.incoming.isPaused;
  }

  get bytesRead(): number {
    return this.readBefore + (this.destroyed ? 0 : this.reactor.native.read(this.id));
  }

  get bytesHeld(): number {
    return this.incoming.stashedBytes;
  }

  tap(): void {
    if (!this.destroyed) this.reactor.native.tap(this.id, true);
  }

  /** Bytes for those who listen to the socket. */
  receiveRaw(chunk: Buffer): void {
    const isHeard = this.scope.runInAsyncScope(() => this.socket.emit('data', chunk));
    if (!isHeard && !this.destroyed) this.reactor.native.tap(this.id, false);
  }

  // Sending.

  copies(length: number): boolean {
    return this.reactor.outbox.copies(length);
  }

  reserve(length: number): number {
    const { outbox } = this.reactor;
    if (this.stage & (Stage.ShutDown | Stage.Destroyed)) return outbox.waste(length);
    const at = outbox.reserve(this.id, length);
    this.outboxed += length;
    this.total += length;
    return at;
  }

  get memory(): Buffer {
    return this.reactor.outbox.memory;
  }

  commit(): void {
    if (!this.coalesce || exiting) this.flush();
  }

  onFlushed(callback: SendCallback): void {
    if (this.refuses(callback)) return;
    this.reactor.outbox.settleLater(this);
    callWhenTaken(this, inScope(callback));
  }

  writeThrough(list: readonly (Buffer | string)[], callback?: SendCallback): void {
    if (this.refuses(callback)) return;
    this.flush();
    for (let i = 0; i < list.length; i += 2) {
      give(this, bytes(list[i]), i + 1 < list.length ? bytes(list[i + 1]) : undefined);
    }
    if (callback !== undefined) {
      callWhenTaken(this, inScope(callback));
      settle(this);
    }
  }

  flush(): void {
    if (this.outboxed > 0) this.reactor.outbox.send();
  }

  get bufferedAmount(): number {
    return this.outboxed + (this.blocked ? this.reactor.native.backlog(this.id) : 0);
  }

  get bytesWritten(): number {
    return this.writtenBefore + this.total;
  }

  flushed(): void {
    this.outboxed = 0;
  }

  refused(): void {
    if (!this.destroyed) measure(this);
  }

  settle(): void {
    settle(this);
  }

  shutdown(): void {
    if (this.stage & (Stage.ShutDown | Stage.Destroyed)) return;
    this.stage |= Stage.ShutDown;
    whenWritten(this, () => this.finish());
  }

  private finish(): void {
    if (this.destroyed) return;
    this.reactor.native.shutDown(this.id);
    this.stage |= Stage.Finished;
    process.nextTick(finished, this);
  }

  finished(): void {
    this.socket.emit('finish');
    this.destroyIfDone();
  }

  // Its life.

  get destroyed(): boolean {
    return (this.stage & Stage.Destroyed) !== 0;
  }

  get hasEnded(): boolean {
    return (this.stage & Stage.Ended) !== 0;
  }

  get isShutDown(): boolean {
    return (this.stage & Stage.ShutDown) !== 0;
  }

  get hasFinished(): boolean {
    return (this.stage & Stage.Finished) !== 0;
  }

  get isClosed(): boolean {
    return (this.stage & Stage.Closed) !== 0;
  }

  /** Whether the event loop goes on for this connection's sake. */
  keepAlive(alive: boolean): void {
    if (this.isAlive === alive || (alive && this.destroyed)) return;
    this.isAlive = alive;
    this.reactor.keepAlive(alive ? 1 : -1);
  }

  destroy(error?: Error | null): void {
    if (this.destroyed) return;
    this.flush();
    const { reactor, id } = this;
    this.readBefore = this.bytesRead;
    this.stage |= Stage.Destroyed;
    reactor.remove(id);
    this.incoming.id = 0;
    this.outboxed = 0;
    this.blocked = false;
    this.keepAlive(false);
    if (this.server !== null) leave(this.server);
    this.server = null;
    process.nextTick(failPending, this, error);
    if (error) process.nextTick(failed, this, error);
    setImmediate(closed, this, Boolean(error));
  }

  failed(error: Error): void {
    this.handler.onBroken();
    if (this.socket.listenerCount('error') > 0) this.socket.emit('error', error);
  }

  close(hadError: boolean): void {
    this.stage |= Stage.Closed;
    beginBatch();
    try {
      // A paused connection still holds what had come.
      this.incoming.resume();
      this.incoming.unstash();
      this.handler.onClosed(null);
    } finally {
      endBatch();
    }
    this.socket.emit('close', hadError);
  }

  closeInScope(hadError: boolean): void {
    this.scope.runInAsyncScope(this.close, this, hadError);
  }

  /** Both directions have ended. */
  private destroyIfDone(): void {
    if (this.hasEnded && this.hasFinished) this.destroy();
  }

  /** Whether nothing can be sent any more, which `callback` is told. */
  private refuses(callback: SendCallback | undefined): boolean {
    if ((this.stage & (Stage.ShutDown | Stage.Destroyed)) === 0) return false;
    if (callback !== undefined) {
      this.reactor.outbox.callLater(
        inScope(callback),
        this.destroyed ? destroyedError() : endedError()
      );
    }
    return true;
  }
}

/** As Node's streams have it. */
function endedError(): Error {
  return Object.assign(new Error('write after end'), { code: 'ERR_STREAM_WRITE_AFTER_END' });
}

function endRead(transport: LeanTransport): void {
  transport.endRead();
}

function finished(transport: LeanTransport): void {
  transport.finished();
}

function failed(transport: LeanTransport, error: Error): void {
  transport.failed(error);
}

function closed(transport: LeanTransport, hadError: boolean): void {
  transport.closeInScope(hadError);
}
