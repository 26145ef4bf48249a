import { COPY_MIN, type SendCallback } from '../../endpoint/contract.js';
import type { NativeReactor } from '../../endpoint/native/binding.js';
import { enqueue } from '../coalesce.js';

/** Bytes and rows of an outbox at first, and those that it grows to rather than leave early. */
const SIZE = 256 * 1024;
const ROWS = 4096;
/** Payloads up to this length are copied as long as they fit into an outbox of the first size. */
const COPY_MAX = 32 * 1024;
const MAX_SIZE = 4 * 1024 * 1024;
const MAX_ROWS = 32 * 1024;
/** After so many flushes in a row that would have done with the first size, it has that again. */
const MAX_IDLE = 256;
/** Integers of a row: connection, offset, length. */
const ROW = 3;

/** A connection as far as what it sends is concerned. */
export interface Sending {
  /** Whether it is in the list of those that `settle` after the next flush. */
  willCall: boolean;
  /** Nothing of it is in the outbox any more. */
  flushed(): void;
  /** The kernel has not taken everything. */
  refused(): void;
  /** Has those called back whose bytes the kernel has. */
  settle(): void;
}

/** A callback whose time has come. */
interface Due {
  callback: SendCallback;
  error: Error | null;
}

/** What all connections of a thread send, so that it leaves with one call into Rust. */
export class Outbox {
  /** Bytes that are to be sent, used again after every flush. */
  memory = Buffer.allocUnsafeSlow(SIZE);
  /** Where in `memory` what is of which connection. */
  rows = new Uint32Array(ROW * ROWS);
  /** Where a flush names the connections of which something is left. */
  incomplete = new Uint32Array(ROWS);
  private native!: NativeReactor;
  private find!: (id: number) => Sending | undefined;

  private words = 0;
  private used = 0;
  private lastId = 0;
  /** Flushes in a row for which the outbox is larger than it had to be. */
  private idle = 0;
  private queued = false;
  /** Connections with callbacks of bytes that have not been given to the kernel. */
  private calling: Sending[] = [];
  private due: Due[] = [];

  /** Whom it is emptied to, who has been told of its memory, and whom its ids stand for. */
  connect(native: NativeReactor, find: (id: number) => Sending | undefined): void {
    this.native = native;
    this.find = find;
  }

  /** Whether copying a payload costs less than a call of its own. */
  copies(length: number): boolean {
    return length < COPY_MIN || (length <= COPY_MAX && this.used + length < SIZE);
  }

  /** Makes room for bytes in `memory`, and returns where they begin. */
  reserve(id: number, length: number): number {
    if (this.used + length > this.memory.length || this.words === this.rows.length) {
      this.makeRoom();
    }
    const { rows, used: at } = this;
    this.used = at + length;
    if (this.lastId === id) {
      rows[this.words - 1] += length;
    } else {
      const { words } = this;
      rows[words] = this.lastId = id;
      rows[words + 1] = at;
      rows[words + 2] = length;
      this.words = words + ROW;
      if (!this.queued) {
        this.queued = true;
        enqueue(this);
      }
    }
    return at;
  }

  /** Room in `memory` for bytes that will not be sent. */
  waste(length: number): number {
    while (this.used + length > this.memory.length) this.makeRoom();
    return this.used;
  }

  flush(): void {
    this.queued = false;
    this.send();
  }

  /** Gives everything to the kernel. */
  send(): void {
    const { words, rows, used } = this;
    if (words === 0) return;
    this.words = this.used = this.lastId = 0;
    const count = this.native.flush(words / ROW);
    for (let i = 0; i < words; i += ROW) {
      this.find(rows[i])?.flushed();
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
    if (this.memory.length > SIZE || this.rows.length > ROW * ROWS) this.shrink(used, words);
  }

  /** Of a loop that sends to many, everything should leave together: one write a connection. */
  private makeRoom(): void {
    const size = this.memory.length;
    const rows = this.rows.length / ROW;
    if (this.words < this.rows.length) {
      if (size < MAX_SIZE) return this.resize(2 * size, rows);
    } else if (rows < MAX_ROWS) {
      return this.resize(size, 2 * rows);
    }
    this.send();
  }

  private shrink(used: number, words: number): void {
    if (used > SIZE || words > ROW * ROWS) this.idle = 0;
    else if (++this.idle > MAX_IDLE && this.words === 0) this.resize(SIZE, ROWS);
  }

  private resize(size: number, count: number): void {
    const { memory, rows } = this;
    this.idle = 0;
    if (size !== memory.length) {
      this.memory = Buffer.allocUnsafeSlow(size);
      this.memory.set(memory.subarray(0, this.used));
    }
    if (count * ROW !== rows.length) {
      this.rows = new Uint32Array(ROW * count);
      this.rows.set(rows.subarray(0, this.words));
      this.incomplete = new Uint32Array(count);
    }
    this.native.setOutbox(this.rows, this.memory, this.incomplete);
  }

  /** Has the connection's callbacks looked at after the next flush. */
  settleLater(connection: Sending): void {
    if (connection.willCall) return;
    connection.willCall = true;
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
}

function callDue(outbox: Outbox): void {
  outbox.callDue();
}
