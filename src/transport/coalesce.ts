/**
 * When queued bytes leave: at the end of the outermost batch of incoming bytes that is being
 * dispatched, or, outside of one, at the end of the current tick. One list for all connections of a
 * thread.
 */

export interface Flushable {
  flush(): void;
}

const queue: Flushable[] = [];
let batches = 0;
let scheduled = false;
let flushing = false;
/** The process is ending: no tick will end any more, so everything has to be flushed at once. */
export let exiting = false;
const resolved = Promise.resolve();

// At load: a listener that is added while the process exits is not called any more.
process.on('exit', flushForGood);

/** Begins a batch; every call is followed by one of `endBatch`, also when something is thrown. */
export function beginBatch(): void {
  batches++;
}

export function endBatch(): void {
  if (--batches === 0 && queue.length > 0) flushAll();
}

/** Asks for `connection.flush()` when it is time. To be called once until that has happened. */
export function enqueue(connection: Flushable): void {
  queue.push(connection);
  if (batches > 0 || scheduled) return;
  scheduled = true;
  // A promise job costs a third of queueMicrotask, which makes an AsyncResource.
  void resolved.then(flushScheduled);
}

function flushScheduled(): void {
  scheduled = false;
  flushAll();
}

function flushForGood(): void {
  exiting = true;
  flushAll();
}

/** A flush may lead to further sends on this list (an in-memory socket): they are served as well. */
function flushAll(): void {
  if (flushing) return;
  flushing = true;
  try {
    for (let i = 0; i < queue.length; i++) {
      try {
        queue[i].flush();
      } catch (error) {
        // A socket whose write() throws must not keep the others from being served.
        process.nextTick(rethrow, error);
      }
    }
  } finally {
    queue.length = 0;
    flushing = false;
  }
}

function rethrow(error: unknown): never {
  throw error;
}
