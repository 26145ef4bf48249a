import type { IncomingHandler, IncomingOptions } from '../contract.js';
import { OpenFlag, type Binding, type Endpoints, type Payloads } from './binding.js';
import { RowDelivery } from './row-delivery.js';
import { ROW, ROWS, SLAB_SIZE, SMALL_MAX, memoryOf, type Memory } from './table.js';

/**
 * Makes incoming halves whose frames are parsed in Rust: one call a read chunk, which leaves a table
 * of what was in it.
 */
export class NativeParsers {
  readonly endpoints: Endpoints;
  readonly table = new Int32Array(ROW * ROWS);
  slab: Memory;
  /** Whether the table's rows are being delivered. */
  delivering = false;

  constructor(binding: Binding) {
    const slab = Buffer.allocUnsafeSlow(SLAB_SIZE);
    this.slab = memoryOf(slab);
    this.endpoints = new binding.Endpoints(this.table, slab);
  }

  create(options: IncomingOptions, handler: IncomingHandler): NativeParser {
    return new NativeParser(this, options, handler);
  }

  /** Parses, and leaves the rows in the table. A used-up slab belongs to its messages. */
  decode(id: number, chunk: Buffer, position: number): number {
    const { endpoints, table } = this;
    if (SLAB_SIZE - table[1] < SMALL_MAX) {
      const slab = Buffer.allocUnsafeSlow(SLAB_SIZE);
      this.slab = memoryOf(slab);
      endpoints.setSlab(slab);
      table[1] = 0;
    }
    return endpoints.decode(id, chunk, position);
  }
}

/** The incoming half of the native endpoint. */
export class NativeParser extends RowDelivery {
  private readonly shared: NativeParsers;
  private id: number;

  constructor(shared: NativeParsers, options: IncomingOptions, handler: IncomingHandler) {
    super(options, handler);
    this.shared = shared;
    this.id = shared.endpoints.open(
      // Then JavaScript waits after every event.
      this.flags(options) | (this.allowSynchronousEvents ? 0 : OpenFlag.OneByOne),
      Math.max(0, this._maxPayload),
      Math.max(0, options.maxFragments! | 0),
      Math.max(0, options.maxBufferedChunks! | 0)
    );
  }

  protected override setByFrame(byFrame: boolean): void {
    if (this.id >= 0) this.shared.endpoints.setByFrame(this.id, byFrame);
  }

  protected override setMaxPayload(bytes: number): void {
    if (this.id >= 0) this.shared.endpoints.setMaxPayload(this.id, bytes);
  }

  protected override get payloads(): Payloads {
    return this.shared.endpoints;
  }

  protected override step(): boolean {
    if (super.step()) return true;
    const { chunk, position, shared } = this;
    if (position === chunk.length) return false;

    // Inside a listener that was called from here the table is still in use: it is put back.
    const nested = shared.delivering;
    const outer = nested ? shared.table.slice() : null;
    const count = shared.decode(this.id, chunk, position);
    this.position = position + shared.table[0];
    shared.delivering = true;
    try {
      this.deliver(shared.table, ROW, ROW * (count + 1), shared.slab, memoryOf(chunk));
    } finally {
      shared.delivering = nested;
      if (outer !== null) {
        const used = shared.table[1];
        shared.table.set(outer);
        shared.table[1] = used;
      }
    }
    return true;
  }

  protected override release(): void {
    super.release();
    if (this.id < 0) return;
    this.shared.endpoints.close(this.id);
    this.id = -1;
  }
}
