/**
 * A transport moves bytes between an endpoint and a peer. It knows no frames.
 *
 * Outgoing bytes are coalesced: what is queued while a batch of incoming bytes is dispatched leaves
 * when that batch ends, anything else at the end of the current tick, as one write per connection.
 */
export interface Transport {
  /**
   * Makes room for `length` bytes at the end of the queue and returns the offset in `batch` where
   * they have to be written, before anything else of this process runs.
   */
  reserve(length: number): number;
  /** The memory behind the last `reserve`. */
  batch: Buffer;
  /**
   * Writes what is queued and then `list` at once, without copying it. The memory must stay
   * unchanged until `callback`.
   */
  writeThrough(list: readonly (Buffer | string)[], callback?: SendCallback): void;
  /** Calls back, in order, when the kernel has taken everything queued so far, or with the error. */
  onFlushed(callback: SendCallback): void;
  /** Writes what is queued now. */
  flush(): void;
  /** Bytes queued here or in the socket that the kernel has not taken. */
  readonly bufferedAmount: number;
  /** Whether the socket under it is gone. */
  readonly destroyed: boolean;
}

export type SendCallback = (error?: Error | null) => void;
