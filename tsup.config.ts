import { defineConfig } from 'tsup';

export default defineConfig([
  { entry: { index: 'src/index.ts' }, format: 'cjs', target: 'node18', platform: 'node', outDir: 'dist', clean: true, sourcemap: false },
  {
    entry: { index: 'src/index.mts' },
    format: 'esm',
    target: 'node18',
    platform: 'node',
    outDir: 'dist',
    outExtension: () => ({ js: '.mjs' }),
    // The ES entry only re-exports the CommonJS one: two copies would be two WebSocket classes.
    external: ['./index.js']
  }
]);
