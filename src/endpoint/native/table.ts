/**
 * What one call of the addon reports, as rows of five integers (crates/node/src/table.rs).
 *
 *     table  [ consumed | slab used | space used | – | – ]
 *            [ kind and flags | offset | length | extra | connection ]  [ … ]
 *     slab   [ small payloads, copied … | free ]
 */

/** Integers of a row. */
export const ROW = 5;

/** Rows of a table, the first one included. */
export const ROWS = 1024;

/** A slab is left to its messages when less than this is free: the longest payload copied to one. */
export const SMALL_MAX = 4096;

/** Small, so that a message that is kept does not keep much else alive. */
export const SLAB_SIZE = 32 * 1024;

/** The lowest byte of a row's first integer. */
export const enum Kind {
  Data = 0,
  Ping = 1,
  Pong = 2,
  /** `extra` is the status code. */
  Close = 3,
  /** `offset` is the index of the error, `length` the number in its message or -1. */
  Error = 4,
  /** Of the reactor only, as the following. `offset` bytes of a backlog were written, `length` are left. */
  Progress = 5,
  Ended = 6,
  /** `offset` is the errno. */
  Broken = 7,
  /** Bytes of a tapped connection as they were read, after what they led to. */
  Raw = 8
}

/** The other bits of it. */
export const enum Flag {
  Text = 1 << 8,
  Compressed = 1 << 9,
  /** What ends with the payload: if neither is set, nothing. */
  FrameEnd = 1 << 10,
  MessageEnd = 1 << 11,
  /** Where the payload is: if neither is set, in the chunk. */
  Slab = 1 << 12,
  Owned = 1 << 13,
  /** Of the reactor only: a Buffer of its own, to be fetched with `takeLent`. */
  Lent = 1 << 14
}

/** Memory that rows refer to, with what a Buffer has getters for. */
export interface Memory {
  readonly buffer: ArrayBufferLike;
  readonly offset: number;
}

export function memoryOf(bytes: Uint8Array): Memory {
  return { buffer: bytes.buffer, offset: bytes.byteOffset };
}
