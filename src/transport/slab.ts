/**
 * Memory for outgoing bytes: connections take regions one after the other from a shared slab.
 *
 *     slab  [ region of A ][ region of B ][ region of A, moved and doubled ][ free … ]
 *
 * The region at the end of the taken part can grow in place, which is the usual case: a connection
 * that answers a batch of messages. Regions are never reused: the socket may still hold them.
 */

const SLAB_SIZE = 64 * 1024;
/** Regions start at multiples of this, so that masking can work on words. */
const ALIGN = 8;

let slab = Buffer.allocUnsafeSlow(SLAB_SIZE);
let taken = 0;

export interface Region {
  memory: Buffer;
  /** First byte, end of the bytes in use, and end of the region, in `memory`. */
  start: number;
  end: number;
  limit: number;
}

/** Makes `region` hold `length` bytes more than it does, moving it if need be. */
export function grow(region: Region, length: number): void {
  const used = region.end - region.start;
  const needed = used + length;
  const inPlace = region.memory === slab && region.limit === taken;

  if (inPlace && region.start + needed <= SLAB_SIZE) {
    region.limit = taken = Math.min(SLAB_SIZE, align(region.start + needed));
    return;
  }

  const capacity = align(used === 0 ? needed : Math.max(needed, used * 2));
  if (capacity > SLAB_SIZE / 2) {
    moveTo(region, Buffer.allocUnsafeSlow(capacity), 0, used);
    region.limit = capacity;
    return;
  }
  if (taken + capacity > SLAB_SIZE) {
    slab = Buffer.allocUnsafeSlow(SLAB_SIZE);
    taken = 0;
  }
  moveTo(region, slab, taken, used);
  region.limit = taken = taken + capacity;
}

/** Gives back what the region has not used. */
export function trim(region: Region): void {
  if (region.memory === slab && region.limit === taken) taken = align(region.end);
}

function moveTo(region: Region, memory: Buffer, start: number, used: number): void {
  if (used > 0) memory.set(region.memory.subarray(region.start, region.end), start);
  region.memory = memory;
  region.start = start;
  region.end = start + used;
}

function align(size: number): number {
  return (size + ALIGN - 1) & -ALIGN;
}
