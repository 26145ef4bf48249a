import { COPY_MIN, type Outlet, type SendCallback } from '../../src/endpoint/contract.js';

/** An outlet that keeps what it is given, in the order of the calls. */
export class MemoryOutlet implements Outlet {
  memory = Buffer.alloc(0);
  destroyed = false;
  /** Everything that has been completed so far. */
  readonly pieces: Buffer[] = [];
  /** The very lists given to `writeThrough`. */
  readonly lists: (readonly (Buffer | string)[])[] = [];
  readonly callbacks: SendCallback[] = [];
  private reserved: Buffer | null = null;

  copies(length: number): boolean {
    return length < COPY_MIN;
  }

  reserve(length: number): number {
    if (this.reserved !== null) throw new Error('the last reservation was not completed');
    // Old bytes and an odd offset: who writes too little or in the wrong place is found out.
    this.memory = Buffer.alloc(length + 6, 0xee);
    this.reserved = this.memory.subarray(3, 3 + length);
    return 3;
  }

  onFlushed(callback: SendCallback): void {
    this.callbacks.push(callback);
  }

  commit(): void {
    const { memory, reserved } = this;
    if (reserved === null) throw new Error('nothing was reserved');
    const around = [...memory.subarray(0, 3), ...memory.subarray(memory.length - 3)];
    if (around.some((byte) => byte !== 0xee)) throw new Error('bytes outside of the reservation');
    this.pieces.push(reserved);
    this.reserved = null;
  }

  writeThrough(list: readonly (Buffer | string)[], callback?: SendCallback): void {
    this.lists.push(list);
    for (const piece of list) this.pieces.push(Buffer.from(piece as Buffer));
    if (callback) this.callbacks.push(callback);
  }

  get bytes(): Buffer {
    return Buffer.concat(this.pieces);
  }

  get isReserved(): boolean {
    return this.reserved !== null;
  }
}
