import type { Socket } from 'node:net';
import type { IncomingHandler, IncomingOptions, SendCallback } from '../../endpoint/contract.js';
import type { Binding, NativeReactor } from '../../endpoint/native/binding.js';
import { ReactorIncoming } from '../../endpoint/native/reactor-incoming.js';
import { Flag, Kind, ROW, ROWS, SLAB_SIZE, SMALL_MAX } from '../../endpoint/native/table.js';
import { beginBatch, endBatch, enqueue } from '../coalesce.js';
import type { TransportHandler } from '../contract.js';
import { descriptorOf } from './descriptor.js';
import { ReactorTransport } from './transport.js';

/** What sockets are read into. It is left to its messages when less than `SPACE_MIN` is free. */
const SPACE_SIZE = 64 * 1024;
const SPACE_MIN = 16 * 1024;

const OUTBOX_SIZE = 256 * 1024;
const OUTBOX_ROWS = 4096;
/** Integers of an outbox row: connection, offset, length. */
const OUTBOX_ROW = 3;

/** The part of an id that is a place in the list of connections. */
const INDEX_MASK = 0xfffff;

/** Both halves of a connection that the reactor carries. */
export interface ReactorParts {
  readonly incoming: ReactorIncoming;
  readonly transport: ReactorTransport;
}

/** A callback whose time has come. */
interface Due {
  callback: SendCallback;
  error: Error | null;
}

/**
 * The sockets of this thread that Rust reads and writes: dispatches what a wake-up has found to the
 * connections, and collects what they send, so that it leaves with one call for all of them.
 */
export class Reactor {
  readonly native: NativeReactor;
  /** Bytes that are to be sent, used again after every flush. */
  readonly memory = Buffer.allocUnsafeSlow(OUTBOX_SIZE);
  private readonly table = new Int32Array(ROW * ROWS);
  private slab = Buffer.allocUnsafeSlow(SLAB_SIZE);
  private space = Buffer.allocUnsafeSlow(SPACE_SIZE);
  private readonly connections: (ReactorTransport | undefined)[] = [];

  /** The rows that are not dispatched yet. */
  private at = 0;
  private end = 0;

  private readonly rows = new Uint32Array(OUTBOX_ROW * OUTBOX_ROWS);
  private readonly incomplete = new Uint32Array(OUTBOX_ROWS);
  private words = 0;
  private used = 0;
  private lastId = 0;
  private queued = false;
  /** Connections with callbacks of bytes that have not been given to the kernel. */
  private calling: ReactorTransport[] = [];
  private due: Due[] = [];
  private alive = 0;
  private polling = false;

  /** Throws where there is no reactor. */
  constructor(binding: Binding) {
    if (binding.Reactor === undefined) throw new Error('this platform has none');
    this.native = new binding.Reactor(
      this.table,
      this.slab,
      this.space,
      this.rows,
      this.memory,
      this.incomplete,
      (count) => this.dispatch(count)
    );
  }

  /** Takes a socket, if it is one that the reactor can carry. */
  take(
    socket: unknown,
    options: IncomingOptions,
    handler: IncomingHandler & TransportHandler,
    coalesce: boolean
  ): ReactorParts | null {
    const fd = descriptorOf(socket);
    if (fd < 0) return null;
    let incoming;
    try {
      incoming = new ReactorIncoming(this.native, fd, options, handler);
    } catch {
      return null;
    }
    const transport = new ReactorTransport(this, incoming, socket as Socket, handler, coalesce);
    this.connections[transport.id & INDEX_MASK] = transport;
    return { incoming, transport };
  }

  /** The connection is over for the reactor, whose descriptor may be closed. */
  remove(id: number): void {
    this.connections[id & INDEX_MASK] = undefined;
    this.native.remove(id);
  }

  /** One connection more, or less, that keeps the event loop going. */
  keepAlive(change: 1 | -1): void {
    this.alive += change;
    if (this.alive === (change === 1 ? 1 : 0)) this.native.keepAlive(change === 1);
  }

  /** Makes room for bytes in `memory`, and returns where they begin. */
  reserve(id: number, length: number): number {
    if (this.used + length > OUTBOX_SIZE || this.words === this.rows.length) this.send();
    const { rows, used: at } = this;
    this.used = at + length;
    if (this.lastId === id) {
      rows[this.words - 1] += length;
    } else {
      const { words } = this;
      rows[words] = this.lastId = id;
      rows[words + 1] = at;
      rows[words + 2] = length;
      this.words = words + OUTBOX_ROW;
      if (!this.queued) {
        this.queued = true;
        enqueue(this);
      }
    }
    return at;
  }

  flush(): void {
    this.queued = false;
    this.send();
  }

  /** Gives everything in the outbox to the kernel. */
  send(): void {
    const { words, rows } = this;
    if (words === 0) return;
    this.words = this.used = this.lastId = 0;
    const count = this.native.flush(words / OUTBOX_ROW);
    for (let i = 0; i < words; i += OUTBOX_ROW) {
      const connection = this.find(rows[i]);
      if (connection !== undefined) connection.outboxed = 0;
    }
    for (let i = 0; i < count; i++) this.find(this.incomplete[i])?.refused();
    if (this.calling.length > 0) {
      const { calling } = this;
      this.calling = [];
      for (const connection of calling) {
        connection.willCall = false;
        connection.settle();
      }
    }
  }

  /** Delivers what was fed in the next turn of the tick queue, as a socket that is resumed would. */
  pollSoon(): void {
    if (!this.polling) {
      this.polling = true;
      process.nextTick(poll, this);
    }
  }

  poll(): void {
    this.polling = false;
    // What a listener has left by throwing.
    if (this.at < this.end) this.dispatchInTick(-1);
    let filled = 1;
    while (filled & 1) {
      filled = this.native.fill();
      this.dispatchInTick(filled >> 1);
    }
  }

  private dispatchInTick(count: number): void {
    let isDone = false;
    try {
      this.dispatch(count);
      isDone = true;
    } finally {
      if (!isDone) this.pollSoon();
    }
  }

  /** Has the connection's callbacks looked at after the next flush. */
  willCall(connection: ReactorTransport): void {
    this.calling.push(connection);
  }

  /** Calls back in a turn of its own, after those that came before. */
  callLater(callback: SendCallback, error: Error | null): void {
    if (this.due.push({ callback, error }) === 1) process.nextTick(callDue, this);
  }

  /** Calls everyone in order; one that throws does not keep the rest from being called. */
  callDue(): void {
    const { due } = this;
    this.due = [];
    let i = 0;
    try {
      while (i < due.length) {
        const { callback, error } = due[i++];
        callback(error);
      }
    } finally {
      if (i < due.length) {
        this.due = due.slice(i).concat(this.due);
        process.nextTick(callDue, this);
      }
    }
  }

  private find(id: number): ReactorTransport | undefined {
    const connection = this.connections[id & INDEX_MASK];
    return connection !== undefined && connection.id === id ? connection : undefined;
  }

  /**
   * Delivers the rows of the table. A listener that throws ends it, and it is called again, with -1, to
   * go on behind the rows that the listener's connection has kept.
   */
  private dispatch(count: number): void {
    const { table } = this;
    if (count >= 0) {
      this.at = ROW;
      this.end = ROW * (count + 1);
    }
    beginBatch();
    try {
      while (this.at < this.end) {
        const { at, end } = this;
        const id = table[at + 4];
        const isNotice = (table[at] & 0xff) > Kind.Error;
        let next = at + ROW;
        if (!isNotice) {
          while (next < end && table[next + 4] === id && (table[next] & 0xff) <= Kind.Error) {
            next += ROW;
          }
        }
        this.at = next;
        const connection = this.find(id);
        if (connection === undefined) this.drop(at, next);
        else if (isNotice) connection.notice(table[at] & 0xff, table[at + 1]);
        else connection.receiveRows(table, at, next, this.slab, this.space);
      }
    } finally {
      endBatch();
    }
    if (SLAB_SIZE - table[1] < SMALL_MAX) {
      this.slab = Buffer.allocUnsafeSlow(SLAB_SIZE);
      this.native.setSlab(this.slab);
    }
    if (SPACE_SIZE - table[2] < SPACE_MIN) {
      this.space = Buffer.allocUnsafeSlow(SPACE_SIZE);
      this.native.setSpace(this.space);
    }
  }

  /** Frees the payloads of rows whose connection is gone. */
  private drop(from: number, end: number): void {
    const { table } = this;
    for (let at = from; at < end; at += ROW) {
      if (table[at] & Flag.Owned) this.native.takeOwned(table[at + 1], NOTHING);
    }
  }
}

const NOTHING = new Uint8Array(0);

function callDue(reactor: Reactor): void {
  reactor.callDue();
}

function poll(reactor: Reactor): void {
  reactor.poll();
}
