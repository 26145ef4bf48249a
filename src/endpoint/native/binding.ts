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
}

/** The incoming halves of a thread's connections, by number. */
export interface Endpoints {
  setSlab(slab: Uint8Array): void;
  open(flags: number, maxPayload: number, maxFragments: number, maxBufferedChunks: number): number;
  /** Parses from `position` on, unmasking in place, and returns the number of rows in the table. */
  decode(id: number, chunk: Uint8Array, position: number): number;
  /** Copies a payload that a row refers to as owned, and frees it. Once for every such row. */
  takeOwned(index: number, target: Uint8Array): void;
  setMaxPayload(id: number, maxPayload: number): void;
  setByFrame(id: number, byFrame: boolean): void;
  close(id: number): void;
  readonly openCount: number;
}

/** The flags of `open`. */
export const enum OpenFlag {
  Client = 1,
  Deflate = 2,
  SkipUTF8Validation = 4,
  ByFrame = 8,
  OneByOne = 16
}
