import { AsyncResource } from 'node:async_hooks';
import type { SendCallback } from '../endpoint/contract.js';

/** What every resource has: its id, and that of what has made it. */
const PLAIN = 2;

/** Nobody is told when it is collected. */
const UNTRACKED = { requireManualDestroy: true };

let plain: AsyncResource | null = null;

/**
 * The context of this call, for what a connection calls later. Those that carry nothing, no
 * AsyncLocalStorage's store, share one.
 */
export function currentScope(): AsyncResource {
  const scope = new AsyncResource('FERROWSCONNECTION', UNTRACKED);
  const carried = scope as unknown as Record<symbol, unknown>;
  let count = 0;
  for (const symbol of Object.getOwnPropertySymbols(scope)) {
    if (carried[symbol] !== undefined && ++count > PLAIN) return scope;
  }
  return (plain ??= scope);
}

/** `callback`, to be called later in the context of this call. */
export function inScope(callback: SendCallback): SendCallback {
  // Not shared, as it lives for a moment: looking for stores takes longer than this.
  const scope = new AsyncResource('FERROWSSEND', UNTRACKED);
  return (error) => scope.runInAsyncScope(callback, undefined, error);
}
