import { createRequire } from 'node:module';

/**
 * Loads a package that may not be installed; undefined if it cannot be loaded. The name never stands
 * in a `require` call that a bundler would resolve, warn about or replace by an empty module.
 */
export function requireOptional(name: string): unknown {
  try {
    return createRequire(__filename)(name);
  } catch {
    return undefined;
  }
}
