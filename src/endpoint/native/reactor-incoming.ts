import type { IncomingHandler, IncomingOptions } from '../contract.js';
import { OpenFlag, type NativeReactor } from './binding.js';
import { RowDelivery } from './row-delivery.js';
import { Flag, ROW } from './table.js';

/** The incoming half of a connection that the reactor reads and parses: it is given rows. */
export class ReactorIncoming extends RowDelivery {
  /** The connection's number in the reactor; 0 once it is let go of. */
  id: number;
  private readonly native: NativeReactor;
  /** Whether the reactor waits with this connection until it is released. */
  private held = false;
  /** Whether nothing may be delivered, though rows have come. */
  private paused = false;

  /** Throws where the reactor cannot take the descriptor. */
  constructor(
    native: NativeReactor,
    fd: number,
    options: IncomingOptions,
    handler: IncomingHandler
  ) {
    super(options, handler);
    this.native = native;
    this.id = native.add(
      fd,
      this.flags(options) | (this.allowSynchronousEvents ? 0 : OpenFlag.OneByOne),
      Math.max(0, this._maxPayload),
      Math.max(0, options.maxFragments! | 0),
      Math.max(0, options.maxBufferedChunks! | 0)
    );
  }

  /** Takes rows of the table, all of this connection. */
  takeRows(table: Int32Array, at: number, end: number, slab: Buffer, space: Buffer): void {
    if (this.done) {
      this.drop(table, at, end);
      return;
    }
    if (table[end - ROW] & Flag.Held) this.held = true;
    if (this.isBusy || this.paused || this.hasLeft) {
      this.keep(table, at, end, slab, space);
      return;
    }
    this.begin(() => this.deliver(table, at, end, slab, space));
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
    if (this.hasLeft) process.nextTick(goOn, this);
  }

  goOn(): void {
    if (!this.paused && !this.isBusy && !this.done) this.begin();
  }

  protected override step(): boolean {
    return !this.paused && super.step();
  }

  protected override idle(): void {
    if (!this.held || this.hasLeft) return;
    this.held = false;
    if (this.id !== 0) this.native.release(this.id);
  }

  protected override setByFrame(byFrame: boolean): void {
    if (this.id !== 0) this.native.setByFrame(this.id, byFrame);
  }

  protected override setMaxPayload(bytes: number): void {
    if (this.id !== 0) this.native.setMaxPayload(this.id, bytes);
  }

  protected override takeOwned(index: number, target: Uint8Array): void {
    this.native.takeOwned(index, target);
  }
}

function goOn(incoming: ReactorIncoming): void {
  incoming.goOn();
}
