import { toArrayBuffer } from './buffer.js';
import type { BinaryType, MessageData } from './contract.js';

/** A whole binary message in the type the user asked for; `fragments` is made of `whole` if absent. */
export function asBinaryType(whole: Buffer, binaryType: BinaryType): MessageData {
  switch (binaryType) {
    case 'nodebuffer':
      return whole;
    case 'arraybuffer':
      return toArrayBuffer(whole);
    case 'blob':
      return new Blob(whole.length === 0 ? [] : [whole as Uint8Array<ArrayBuffer>]);
    default:
      return whole.length === 0 ? [] : [whole];
  }
}
