import { defineConfig } from 'vitest/config';

/**
 * One project an endpoint × transport pair: the same tests, told by environment variable which pair
 * to run on. test/backend.test.ts asserts first that it really is that pair.
 */
const pair = (
  name: string,
  env: Record<string, string>,
  include = ['test/**/*.test.ts'],
  exclude: string[] = [],
  setupFiles: string[] = []
) => ({
  test: {
    name,
    include,
    exclude,
    setupFiles,
    env: { FERROWS_EXPECT: name, ...env },
    pool: 'forks' as const,
    testTimeout: 30_000
  }
});

/**
 * What does not depend on the pair in this process runs once: it starts processes of its own, or takes
 * every engine by itself.
 */
const once = [
  'test/autobahn/**/*.test.ts',
  'test/bench/**/*.test.ts',
  'test/compat/**/*.test.ts',
  'test/endpoint/{decompression,permessage-deflate*}.test.ts',
  'test/endpoint/native/**/*.test.ts',
  'test/package/**/*.test.ts',
  'test/types/**/*.test.ts',
  'test/examples/**/*.test.ts',
  'test/load-native.test.ts',
  'test/native/**/*.test.ts',
  'test/npm/**/*.test.ts'
];

/** What depends on the transport option. */
const LEAN = ['test/{api,contract,transport/reactor}/**/*.test.ts', 'test/backend.test.ts'];
/** And of that, what asks Node's handle for its descriptor, which a lean connection does not have. */
const NOT_LEAN = [...once, 'test/transport/reactor/descriptor-reuse.test.ts'];

export default defineConfig({
  test: {
    // Tests mostly wait. Vitest would leave a core to itself, which is every second one of two.
    maxWorkers: '100%',
    projects: [
      pair('once', {}, once),
      pair(
        'portable',
        { WS_NO_NATIVE: '1', WS_NO_BUFFER_UTIL: '1', WS_NO_UTF_8_VALIDATE: '1' },
        undefined,
        once
      ),
      pair('portable+bufferutil', { WS_NO_NATIVE: '1' }, undefined, once),
      pair('native', { WS_NO_REACTOR: '1' }, undefined, once),
      // The reactor is made of epoll.
      ...(process.platform === 'linux'
        ? [
            pair('native+reactor', {}, undefined, once),
            pair('native+lean', {}, LEAN, NOT_LEAN, ['test/contract/lean-by-default.ts'])
          ]
        : [])
    ]
  }
});
