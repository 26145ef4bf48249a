import { readFileSync } from 'node:fs';
import path from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pack, root, type Tarball } from './project.js';

const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
const stock = JSON.parse(readFileSync(path.join(root, 'node_modules/ws/package.json'), 'utf8'));

describe('the tarball', () => {
  let tarball: Tarball;

  beforeAll(async () => {
    tarball = await pack();
  }, 60_000);

  afterAll(() => tarball.remove());

  it('contains what users need and nothing else', () => {
    expect(tarball.paths).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'browser.js',
      'dist/index.js',
      'dist/index.mjs',
      'package.json',
      'types/index.d.mts',
      'types/index.d.ts'
    ]);
  });

  it('contains every file that package.json names', () => {
    const named = [manifest.main, manifest.types, manifest.browser, ...strings(manifest.exports)];
    for (const file of named) expect(tarball.paths).toContain(path.posix.normalize(file));
  });

  it('passes publint', async () => {
    const bytes = readFileSync(tarball.file);
    const { messages } = await publint({
      pack: { tarball: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) },
      level: 'warning'
    });
    // What the browser condition leads to is no module to be typed: it only throws.
    const relevant = messages.filter(({ path }) => !path.includes('browser'));
    expect(relevant.map((message) => formatMessage(message, manifest))).toEqual([]);
  });
});

describe('package.json', () => {
  it('has the entries of ws under the same conditions, in the same order', () => {
    expect(Object.keys(manifest.exports)).toEqual(Object.keys(stock.exports));
    expect(Object.keys(manifest.exports['.'])).toEqual(Object.keys(stock.exports['.']));
  });

  it('asks for the optional packages that ws asks for', () => {
    expect(manifest.peerDependencies).toEqual(stock.peerDependencies);
    expect(manifest.peerDependenciesMeta).toEqual(stock.peerDependenciesMeta);
  });

  it('runs nothing when it is installed, and needs no other package', () => {
    for (const script of ['preinstall', 'install', 'postinstall', 'prepare']) {
      expect(manifest.scripts).not.toHaveProperty(script);
    }
    expect(manifest).not.toHaveProperty('dependencies');
    expect(manifest).not.toHaveProperty('gypfile');
  });
});

function strings(value: unknown): string[] {
  return typeof value === 'string' ? [value] : Object.values(value as object).flatMap(strings);
}
