import { beforeEach, describe } from 'vitest';
import type { DeflateEngine } from '../../src/endpoint/contract.js';
import { NativeDeflateEngine } from '../../src/endpoint/native/deflate-engine.js';
import { useDeflateEngine } from '../../src/endpoint/permessage-deflate.js';
import { zlibEngine } from '../../src/endpoint/portable/zlib-engine.js';
import { loadNative } from '../../src/load-native.js';

const { binding, reason } = loadNative({});

/** Without a Rust toolchain there is no addon; CI always has one. */
export const withoutAddon = binding === null;
export const addonReason = reason;

/** A new engine in Rust. */
export function newNativeEngine(): NativeDeflateEngine {
  return new NativeDeflateEngine(binding!);
}

/** Every engine there is. */
export const engines: DeflateEngine[] = withoutAddon
  ? [zlibEngine]
  : [zlibEngine, newNativeEngine()];

/** Runs the same tests with every engine there is. */
export function withEveryEngine(tests: (engine: DeflateEngine) => void): void {
  describe.each(engines.map((engine) => [engine.name, engine] as const))('with %s', (_, engine) => {
    beforeEach(() => useDeflateEngine(engine));
    tests(engine);
  });
}
