import { AsyncResource } from 'node:async_hooks';

/** What every resource has: its id, and that of what has made it. */
const PLAIN = 2;

let plain: AsyncResource | null = null;

/**
 * The context of this call, for what a connection calls later. Those that carry nothing, no
 * AsyncLocalStorage's store, share one.
 */
export function currentScope(): AsyncResource {
  const scope = new AsyncResource('FERROWSCONNECTION', { requireManualDestroy: true });
  const carried = scope as unknown as Record<symbol, unknown>;
  let count = 0;
  for (const symbol of Object.getOwnPropertySymbols(scope)) {
    if (carried[symbol] !== undefined && ++count > PLAIN) return scope;
  }
  return (plain ??= scope);
}
