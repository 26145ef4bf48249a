import type { Duplex } from 'node:stream';
import { EMPTY, view } from '../endpoint/buffer.js';
import type { Outlet, SendCallback } from '../endpoint/contract.js';

/** Writes every frame to a Duplex at once: nothing is coalesced, and nothing is read. */
export class DuplexOutlet implements Outlet {
  memory: Buffer = EMPTY;
  private callback: SendCallback | undefined;

  constructor(readonly socket: Duplex) {}

  reserve(length: number): number {
    this.memory = Buffer.allocUnsafe(length);
    return 0;
  }

  onFlushed(callback: SendCallback): void {
    this.callback = callback;
  }

  commit(): void {
    const { memory, callback } = this;
    this.memory = EMPTY;
    this.callback = undefined;
    this.socket.write(view(memory, 0, memory.length), callback);
  }

  writeThrough(list: readonly (Buffer | string)[], callback?: SendCallback): void {
    const last = list.length - 1;
    this.socket.cork();
    for (let i = 0; i < last; i++) this.socket.write(list[i]);
    this.socket.write(list[last], callback);
    this.socket.uncork();
  }

  get destroyed(): boolean {
    return this.socket.destroyed;
  }
}
