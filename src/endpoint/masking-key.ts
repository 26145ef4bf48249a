import { randomFillSync } from 'node:crypto';

const POOL_SIZE = 8 * 1024;
let pool: Int32Array | undefined;
let next = 0;

/**
 * A fresh masking key as a 32-bit integer, from the operating system's randomness (RFC 6455 §5.3,
 * §10.3).
 */
export function randomKey(): number {
  if (pool === undefined || next === pool.length) {
    // Made on first use: a process with servers only never masks.
    pool ??= new Int32Array(POOL_SIZE / 4);
    randomFillSync(pool);
    next = 0;
  }
  return pool[next++];
}
