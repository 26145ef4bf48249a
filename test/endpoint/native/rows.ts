import { Flag, Kind, ROW } from '../../../src/endpoint/native/table.js';

/** Where a payload lies. */
export type Place = 'chunk' | 'slab' | 'owned' | 'lent';

/** Writes rows as the addon does, with the memories that they refer to. */
export class Rows {
  readonly slab = Buffer.alloc(4096, 0xee);
  readonly chunk = Buffer.alloc(4096, 0xee);
  /** Payloads that were neither taken nor freed. */
  readonly owned = new Map<number, Buffer>();
  private readonly integers: number[] = [];
  private slabUsed = 3;
  private chunkUsed = 5;
  private nextOwned = 0;

  constructor(private readonly connection = 1) {}

  get table(): Int32Array {
    return Int32Array.from(this.integers);
  }

  get end(): number {
    return this.integers.length;
  }

  /** Bytes of a message. `ends` is what ends with them. */
  data(
    payload: string | Buffer,
    { ends = 'message', text = false, compressed = false, place = 'chunk' as Place } = {}
  ): this {
    const flags =
      (ends === 'nothing' ? 0 : Flag.FrameEnd) |
      (ends === 'message' ? Flag.MessageEnd : 0) |
      (text ? Flag.Text : 0) |
      (compressed ? Flag.Compressed : 0);
    return this.payload(Kind.Data | flags, payload, place);
  }

  text(payload: string, place: Place = 'chunk'): this {
    return this.data(payload, { text: true, place });
  }

  ping(payload: string, place: Place = 'slab'): this {
    return this.payload(Kind.Ping, payload, place);
  }

  pong(payload: string, place: Place = 'slab'): this {
    return this.payload(Kind.Pong, payload, place);
  }

  close(code: number, reason: string, place: Place = 'slab'): this {
    return this.payload(Kind.Close, reason, place, code);
  }

  error(index: number, detail = -1): this {
    this.integers.push(Kind.Error, index, detail, 0, this.connection);
    return this;
  }

  /** As the addon's `takeOwned`. */
  takeOwned(index: number, target: Uint8Array): void {
    const bytes = this.owned.get(index);
    if (bytes === undefined) throw new Error(`${index} was taken already`);
    this.owned.delete(index);
    bytes.copy(target, 0, 0, Math.min(bytes.length, target.length));
  }

  /** As the addon's `takeLent`. */
  takeLent(index: number): Buffer {
    const bytes = this.owned.get(index);
    if (bytes === undefined) throw new Error(`${index} was taken already`);
    this.owned.delete(index);
    return bytes;
  }

  private payload(kind: number, payload: string | Buffer, place: Place, extra = 0): this {
    const bytes = Buffer.from(payload as Buffer);
    let offset = 0;
    if (place === 'owned' || place === 'lent') {
      kind |= place === 'owned' ? Flag.Owned : Flag.Lent;
      offset = this.nextOwned++;
      this.owned.set(offset, bytes);
    } else if (place === 'slab') {
      kind |= Flag.Slab;
      offset = this.slabUsed;
      this.slabUsed += bytes.copy(this.slab, offset);
    } else {
      offset = this.chunkUsed;
      this.chunkUsed += bytes.copy(this.chunk, offset);
    }
    this.integers.push(kind, offset, bytes.length, extra, this.connection);
    if (this.integers.length % ROW !== 0) throw new Error('a row of another size');
    return this;
  }
}
