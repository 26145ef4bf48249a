import type { Socket } from 'node:net';
import type { IncomingHandler, IncomingOptions } from '../../endpoint/contract.js';
import type { Binding, NativeReactor } from '../../endpoint/native/binding.js';
import { ReactorIncoming } from '../../endpoint/native/reactor-incoming.js';
import { freePayloads } from '../../endpoint/native/row-delivery.js';
import {
  Flag,
  Kind,
  ROW,
  ROWS,
  SLAB_SIZE,
  SMALL_MAX,
  memoryOf,
  type Memory
} from '../../endpoint/native/table.js';
import { beginBatch, endBatch } from '../coalesce.js';
import type { TransportHandler } from '../contract.js';
import { descriptorOf } from './descriptor.js';
import { LeanTransport } from './lean-transport.js';
import { Outbox } from './outbox.js';
import type { Carrier } from './progress.js';
import { ReactorTransport } from './transport.js';

/** What sockets are read into. It is left to its messages when less than `SPACE_MIN` is free. */
const SPACE_SIZE = 128 * 1024;
const SPACE_MIN = 16 * 1024;

const RAW = Kind.Raw | Flag.Owned;

/** The part of an id that is a place in the list of connections. */
const INDEX_MASK = 0xfffff;

/** Both halves of a connection that the reactor carries. */
export interface ReactorParts {
  readonly incoming: ReactorIncoming;
  readonly transport: ReactorTransport | LeanTransport;
}

/**
 * The sockets of this thread that Rust reads and writes: dispatches what a wake-up has found to the
 * connections, and collects what they send, so that it leaves with one call for all of them.
 */
export class Reactor implements Carrier {
  readonly native: NativeReactor;
  readonly outbox = new Outbox();
  private readonly table = new Int32Array(ROW * ROWS);
  private slab: Memory;
  private space: Memory;
  private readonly connections: (ReactorTransport | LeanTransport | undefined)[] = [];

  /** The rows that are not dispatched yet. */
  private at = 0;
  private end = 0;

  private alive = 0;
  private polling = false;

  /** Throws where there is no reactor. */
  constructor(binding: Binding) {
    if (binding.Reactor === undefined) throw new Error('this platform has none');
    const slab = Buffer.allocUnsafeSlow(SLAB_SIZE);
    const space = Buffer.allocUnsafeSlow(SPACE_SIZE);
    this.slab = memoryOf(slab);
    this.space = memoryOf(space);
    this.native = new binding.Reactor(
      this.table,
      slab,
      space,
      this.outbox.rows,
      this.outbox.memory,
      this.outbox.incomplete,
      (count) => this.dispatch(count)
    );
    this.outbox.connect(this.native, (id) => this.find(id));
  }

  /**
   * Takes a socket, if it is one that the reactor can carry. `isLean`: in the place of Node's socket,
   * where that can be done.
   */
  take(
    socket: unknown,
    options: IncomingOptions,
    handler: IncomingHandler & TransportHandler,
    coalesce: boolean,
    isLean: boolean
  ): ReactorParts | null {
    const fd = descriptorOf(socket);
    if (fd < 0) return null;
    // Whoever waits for the socket's end would wait for the wrong one's.
    const lean = isLean && (socket as Socket).listenerCount('close') === 0;
    let incoming;
    try {
      incoming = new ReactorIncoming(this.native, fd, options, handler, lean);
    } catch {
      return lean ? this.take(socket, options, handler, coalesce, false) : null;
    }
    const Transport = lean ? LeanTransport : ReactorTransport;
    const transport = new Transport(this, incoming, socket as Socket, handler, coalesce);
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

  private find(id: number): ReactorTransport | LeanTransport | undefined {
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
        if (connection === undefined) freePayloads(this.native, table, at, next);
        else if (table[at] === RAW) this.receiveRaw(connection, table[at + 1], table[at + 2]);
        else if (isNotice) connection.notice(table[at] & 0xff, table[at + 1]);
        else connection.receiveRows(table, at, next, this.slab, this.space);
      }
    } finally {
      endBatch();
    }
    if (SLAB_SIZE - table[1] < SMALL_MAX) {
      const slab = Buffer.allocUnsafeSlow(SLAB_SIZE);
      this.slab = memoryOf(slab);
      this.native.setSlab(slab);
    }
    if (SPACE_SIZE - table[2] < SPACE_MIN) {
      const space = Buffer.allocUnsafeSlow(SPACE_SIZE);
      this.space = memoryOf(space);
      this.native.setSpace(space);
    }
  }

  private receiveRaw(
    connection: ReactorTransport | LeanTransport,
    index: number,
    length: number
  ): void {
    const chunk = Buffer.allocUnsafe(length);
    this.native.takeOwned(index, chunk);
    connection.receiveRaw(chunk);
  }
}

function poll(reactor: Reactor): void {
  reactor.poll();
}
