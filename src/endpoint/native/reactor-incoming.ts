import type { IncomingHandler, IncomingOptions } from '../contract.js';
import { OpenFlag, type NativeReactor, type Payloads } from './binding.js';
import { RowDelivery, freePayloads } from './row-delivery.js';
import { Kind, ROW, type Memory } from './table.js';

/** This many bytes that wait ask for the socket to be paused. */
const HIGH_WATER_MARK = 16 * 1024;

/** The incoming half of a connection that the reactor reads and parses: it is given rows. */
export class ReactorIncoming extends RowDelivery {
  /** The connection's number in the reactor; 0 once it is let go of. */
  id: number;
  private readonly native: NativeReactor;
  /** Whether rows that come are to be kept from the listeners. */
  private paused = false;
  private keptBytes = 0;
  private stashed: { rows: Int32Array; slab: Memory; space: Memory }[] | null = null;

  /** Throws where the reactor cannot take the descriptor. */
  constructor(
    native: NativeReactor,
    fd: number,
    options: IncomingOptions,
    handler: IncomingHandler,
    duplicate = false
  ) {
    super(options, handler);
    this.native = native;
    this.id = native.add(
      fd,
      this.flags(options) | (duplicate ? OpenFlag.Duplicate : 0),
      Math.max(0, this._maxPayload),
      Math.max(0, options.maxFragments! | 0),
      Math.max(0, options.maxBufferedChunks! | 0)
    );
  }

  /** Takes rows of the table, all of this connection. */
  takeRows(table: Int32Array, at: number, end: number, slab: Memory, space: Memory): void {
    if (this.done) {
      freePayloads(this.payloads, table, at, end);
      return;
    }
    if (this.paused || this.stashed !== null) {
      (this.stashed ??= []).push({ rows: table.slice(at, end), slab, space });
    } else if (this.isBusy || this.hasLeft) {
      this.keep(table, at, end, slab, space);
    } else {
      this.begin(() => this.deliver(table, at, end, slab, space));
    }
    if (this.isWaiting) this.holdBack(table, at, end);
  }

  /** Keeps what comes from the listeners. False if that is the case already. */
  pause(): boolean {
    if (this.paused) return false;
    this.paused = true;
    return true;
  }

  get isPaused(): boolean {
    return this.paused;
  }

  resume(): void {
    this.paused = false;
    if (this.stashed !== null) process.nextTick(unstash, this);
  }

  /** Bytes that wait because the connection is paused. */
  get stashedBytes(): number {
    let sum = 0;
    for (const { rows } of this.stashed ?? []) {
      for (let at = 0; at < rows.length; at += ROW) sum += bytesOf(rows, at);
    }
    return sum;
  }

  get hasStashed(): boolean {
    return this.stashed !== null;
  }

  /** Delivers what came while nothing might be delivered. */
  unstash(): void {
    if (this.paused || this.stashed === null) return;
    const { stashed } = this;
    this.stashed = null;
    for (const { rows, slab, space } of stashed) {
      if (this.done) freePayloads(this.payloads, rows, 0, rows.length);
      else this.keep(rows, 0, rows.length, slab, space);
    }
    if (!this.isBusy && !this.done) this.begin();
  }

  protected override release(): void {
    super.release();
    this.keptBytes = 0;
  }

  /** Asks for the socket to be paused when much waits for an event's turn. */
  private holdBack(table: Int32Array, from: number, end: number): void {
    if (!this.needsDrain) {
      for (let at = from; at < end; at += ROW) this.keptBytes += bytesOf(table, at);
      if (this.keptBytes < HIGH_WATER_MARK) return;
    }
    this.keptBytes = 0;
    this.needsDrain = true;
  }

  protected override setByFrame(byFrame: boolean): void {
    if (this.id !== 0) this.native.setByFrame(this.id, byFrame);
  }

  protected override setMaxPayload(bytes: number): void {
    if (this.id !== 0) this.native.setMaxPayload(this.id, bytes);
  }

  protected override get payloads(): Payloads {
    return this.native;
  }
}

/** Bytes of a row's payload; an error has one, to be something. */
function bytesOf(rows: Int32Array, at: number): number {
  return (rows[at] & 0xff) < Kind.Error ? rows[at + 2] : 1;
}

function unstash(incoming: ReactorIncoming): void {
  incoming.unstash();
}
