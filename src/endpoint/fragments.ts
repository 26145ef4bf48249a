import { Buffer } from 'node:buffer';
import { EMPTY } from './buffer.js';
import { ByteList } from './byte-list.js';

/** The fragments of a message so far: joined as they come, or one by one. */
export class Fragments {
  /** Bytes of all of them. */
  length = 0;
  /** Those that had to stay apart from the first one on; null if they did not. */
  list: Buffer[] | null = null;
  private joined: ByteList | null = null;

  /** Adds a fragment, whose memory is kept; `apart` for `binaryType: 'fragments'` and 'blob'. */
  push(data: Buffer, apart: boolean): void {
    if (data.length === 0) return;
    this.length += data.length;
    if (this.list !== null) this.list.push(ownMemory(data));
    else if (apart && this.joined === null) this.list = [ownMemory(data)];
    else (this.joined ??= new ByteList()).push(data);
  }

  /** All bytes, after which it is not used again. */
  take(): Buffer {
    if (this.joined !== null) return this.joined.take();
    return this.list === null ? EMPTY : Buffer.concat(this.list);
  }
}

/** A small part of a read chunk would keep all of it alive until the message is complete. */
function ownMemory(data: Buffer): Buffer {
  return data.length * 2 >= data.buffer.byteLength ? data : Buffer.from(data);
}
