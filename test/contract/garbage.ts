import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

/** Bytes of living ArrayBuffers and of the heap after a collection. */
export async function livingBytes(): Promise<number> {
  // What promises and finished callbacks hold goes with the turn.
  for (let i = 0; i < 2; i++) {
    await new Promise(setImmediate);
    collect();
  }
  const { arrayBuffers, heapUsed } = process.memoryUsage();
  return arrayBuffers + heapUsed;
}
