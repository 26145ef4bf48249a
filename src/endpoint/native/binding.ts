import type { DeflateStatistics } from '../contract.js';

/** What the addon exports: the shape of `crates/node`. */
export interface Binding {
  readonly VERSION: string;
  mask(
    source: Uint8Array,
    mask: Uint8Array,
    output: Uint8Array,
    offset: number,
    length: number
  ): void;
  unmask(buffer: Uint8Array, mask: Uint8Array): void;
  isValidUTF8(bytes: Uint8Array): boolean;
  readonly Endpoints: new (table: Int32Array, slab: Uint8Array) => Endpoints;
  readonly Deflate: new (
    scratch: Uint8Array,
    slab: Uint8Array,
    done: (job: number, result: number) => void
  ) => Deflate;
  /** On Linux only. Throws where the event loop is not libuv's. */
  readonly Reactor?: new (
    table: Int32Array,
    slab: Uint8Array,
    space: Uint8Array,
    rows: Uint32Array,
    outbox: Uint8Array,
    incomplete: Uint32Array,
    dispatch: (count: number) => void
  ) => NativeReactor;
}

/**
 * permessage-deflate of a thread's connections, by number. Results are lengths, or one of
 * `DeflateResult`. Short ones are put into the slab at `offset`, longer ones have to be taken.
 */
export interface Deflate {
  setSlab(slab: Uint8Array): void;
  /** 2^32 - 1 when a parameter is not valid. */
  openDeflater(
    level: number,
    windowBits: number,
    memLevel: number,
    strategy: number,
    takeover: boolean,
    idle: number
  ): number;
  openInflater(windowBits: number, takeover: boolean): number;
  closeDeflater(id: number): void;
  closeInflater(id: number): void;
  compress(id: number, data: Uint8Array, fin: boolean, offset: number): number;
  /** Of the first `length` bytes of the scratch. */
  compressScratch(id: number, length: number, fin: boolean, offset: number): number;
  compressApart(id: number, data: Uint8Array, offset: number): number;
  dropContext(id: number): void;
  /** What is unfinished has to be given to `startInflate`. */
  inflate(id: number, data: Uint8Array, fin: boolean, limit: number, offset: number): number;
  takeOutput(target: Uint8Array): void;
  /** Returns the number of the job, or 2^32 - 1. */
  startCompress(id: number, data: Uint8Array, fin: boolean): number;
  startInflate(id: number, data: Uint8Array, fin: boolean, limit: number): number;
  takeJob(job: number, target: Uint8Array): void;
  readonly reason: string;
  /** Gives up idle compressors; returns in how many milliseconds there may be others, or -1. */
  sweep(): number;
  statistics(): DeflateStatistics;
}

/** Results that are not lengths. */
export const enum DeflateResult {
  Unfinished = -1,
  TooLong = -2,
  Corrupt = -3,
  NoMemory = -4
}

/** The payloads that wait elsewhere than in the memory of the rows that refer to them. */
export interface Payloads {
  /** Copies a payload that a row refers to as owned, and frees it. Once for every such row. */
  takeOwned(index: number, target: Uint8Array): void;
  /** The Buffer that a row of the reactor refers to as lent. Once for every such row. */
  takeLent?(index: number): Buffer;
}

/** The incoming halves of a thread's connections, by number. */
export interface Endpoints extends Payloads {
  setSlab(slab: Uint8Array): void;
  open(flags: number, maxPayload: number, maxFragments: number, maxBufferedChunks: number): number;
  /** Parses from `position` on, unmasking in place, and returns the number of rows in the table. */
  decode(id: number, chunk: Uint8Array, position: number): number;
  setMaxPayload(id: number, maxPayload: number): void;
  setByFrame(id: number, byFrame: boolean): void;
  close(id: number): void;
  readonly openCount: number;
}

/** The sockets of a thread's connections, by id. */
export interface NativeReactor extends Payloads {
  /** Fills the table as a wake-up would: twice the number of rows, plus 1 if there is more. */
  fill(): number;
  setSlab(slab: Uint8Array): void;
  setSpace(space: Uint8Array): void;
  setOutbox(rows: Uint32Array, outbox: Uint8Array, incomplete: Uint32Array): void;
  /**
   * Takes a connected socket, which stays open until `remove`, unless the flags ask for a descriptor
   * of the connection's own.
   */
  add(
    fd: number,
    flags: number,
    maxPayload: number,
    maxFragments: number,
    maxBufferedChunks: number
  ): number;
  remove(id: number): void;
  /** Bytes of the peer that were read before `add`. */
  feed(id: number, bytes: Uint8Array): void;
  pause(id: number): void;
  /** Pauses once a little more was read, so that the end of the connection is found out. */
  pauseSoon(id: number): void;
  resume(id: number): void;
  /** Whether rows come with everything that is read, as it came. */
  tap(id: number, on: boolean): void;
  /** Whatever the peer sends from now on is read and thrown away. */
  discard(id: number): void;
  /** Sends the first `count` rows, and returns how many ids were written to `incomplete`. */
  flush(count: number): number;
  /** Returns how many bytes the kernel has taken; the others are copied, and wait. */
  send(id: number, a: Uint8Array, b?: Uint8Array): number;
  /** Bytes that wait for the kernel, that it has taken, that were read. */
  backlog(id: number): number;
  written(id: number): number;
  read(id: number): number;
  setMaxPayload(id: number, maxPayload: number): void;
  setByFrame(id: number, byFrame: boolean): void;
  takeLent(index: number): Buffer;
  /** The address of the peer or of this side; null for Unix sockets and when the peer has left. */
  address(id: number, isRemote: boolean): SocketAddress | null;
  /** Half-closes a connection of which nothing waits to be sent. */
  shutDown(id: number): void;
  /** Has the peer told of a reset in place of an end when the connection is removed. */
  resetOnClose(id: number): void;
  setNoDelay(id: number, on: boolean): void;
  /** `delay` in seconds; 0 is the system's default. */
  setKeepAlive(id: number, on: boolean, delay: number): void;
  keepAlive(alive: boolean): void;
  /** Connections, waits, reads, writes, changes and wake-ups so far. */
  stats(): number[];
}

/** The flags of `Endpoints#open` and of `NativeReactor#add`. */
export const enum OpenFlag {
  Client = 1,
  Deflate = 2,
  SkipUTF8Validation = 4,
  ByFrame = 8,
  OneByOne = 16,
  /** Of `NativeReactor#add` only: `fd` is duplicated, and may be closed. */
  Duplicate = 32
}

/** One end of a TCP connection. */
export interface SocketAddress {
  address: string;
  family: string;
  port: number;
}
