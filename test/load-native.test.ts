import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadNative } from '../src/load-native.js';
import { VERSION } from '../src/version.js';

const root = path.join(__dirname, '..');
const addon = path.join(root, 'build', 'ferrows.node');
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'ferrows-load-'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What is loaded when the developer's override names a file with this content. */
function load(name: string, content: string | Buffer) {
  const file = path.join(folder, name);
  writeFileSync(file, content);
  return { file, ...loadNative({ FERROWS_NATIVE_LIBRARY_PATH: file }) };
}

/** A module that passes the real addon on with something changed. */
function altered(change: string): string {
  return `const real = require(${JSON.stringify(addon)}); module.exports = { ...real, ${change} };`;
}

describe('the addon that was built', () => {
  it('is loaded from the local build', () => {
    expect(loadNative({})).toEqual({ binding: expect.anything(), reason: `loaded ${addon}` });
  });

  it('is loaded from where FERROWS_NATIVE_LIBRARY_PATH says', () => {
    const { file, binding, reason } = load('copy.node', readFileSync(addon));
    expect(binding).not.toBeNull();
    expect(reason).toBe(`loaded ${file}`);
  });

  it('has the version of the package, as Cargo.toml and package.json have it', () => {
    const manifest = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
    const cargo = readFileSync(path.join(root, 'Cargo.toml'), 'utf8');
    expect(manifest.version).toBe(VERSION);
    expect(cargo).toContain(`\nversion = "${VERSION}"\n`);
    expect(loadNative({}).binding?.VERSION).toBe(VERSION);
  });
});

describe('no addon, and the reason', () => {
  it('is the choice with WS_NO_NATIVE', () => {
    const { binding, reason } = loadNative({ WS_NO_NATIVE: '1' });
    expect(binding).toBeNull();
    expect(reason).toBe('WS_NO_NATIVE is set');
  });

  it('when the file is not there', () => {
    const missing = path.join(folder, 'missing.node');
    expect(loadNative({ FERROWS_NATIVE_LIBRARY_PATH: missing })).toEqual({
      binding: null,
      reason: `${missing} is not there`
    });
  });

  it('when the file is not a library', () => {
    const { file, binding, reason } = load('noise.node', Buffer.alloc(4096, 0xa5));
    expect(binding).toBeNull();
    expect(reason).toMatch(new RegExp(`^${file} cannot be loaded \\(.+\\)$`));
  });

  it('when the library breaks off, which would end the process', () => {
    const whole = readFileSync(addon);
    for (const length of [10, 63, 64, 2000, whole.length >> 1, whole.length - 1]) {
      const { file, binding, reason } = load(`short-${length}.node`, whole.subarray(0, length));
      expect(binding).toBeNull();
      expect(reason).toBe(`${file} breaks off`);
    }
  });

  it('when the file is empty', () => {
    const { binding, reason } = load('empty.node', '');
    expect(binding).toBeNull();
    expect(reason).toContain('cannot be loaded');
  });

  it("when it loads as an empty object, like a bundler's stub", () => {
    const { file, binding, reason } = load('stub.cjs', 'module.exports = {};');
    expect(binding).toBeNull();
    expect(reason).toBe(`${file} is not the addon`);
  });

  for (const value of ['null', 'undefined', '1', '() => {}']) {
    it(`when it loads as ${value}`, () => {
      const { binding, reason } = load(`value-${value.length}.cjs`, `module.exports = ${value};`);
      expect(binding).toBeNull();
      expect(reason).toContain('is not the addon');
    });
  }

  it('when it throws', () => {
    const { binding, reason } = load('throws.cjs', 'throw new Error("no\\nway");');
    expect(binding).toBeNull();
    expect(reason).toMatch(/cannot be loaded \(no\)$/);
  });

  it('when it throws what is no error', () => {
    const { binding, reason } = load('throws-null.cjs', 'throw null;');
    expect(binding).toBeNull();
    expect(reason).toMatch(/cannot be loaded \(null\)$/);
  });

  it('when it has another version', () => {
    const { file, binding, reason } = load('old.cjs', altered('VERSION: "0.0.1"'));
    expect(binding).toBeNull();
    expect(reason).toBe(`${file} has version 0.0.1, not ${VERSION}`);
  });

  it('when it gives wrong answers', () => {
    const wrong = {
      mask: 'mask() {}',
      unmask: 'unmask(buffer) { buffer.fill(0); }',
      utf8: 'isValidUTF8: () => true',
      decode: 'Endpoints: class { open() {} close() {} decode() { return 0; } }',
      deflate: `Deflate: class {
        openDeflater() {} openInflater() {} closeDeflater() {} closeInflater() {}
        compressScratch() { return 1; } inflate() { return 1; }
      }`
    };
    for (const [name, change] of Object.entries(wrong)) {
      const { file, binding, reason } = load(`wrong-${name}.cjs`, altered(change));
      expect(binding).toBeNull();
      expect(reason).toBe(`${file} gives wrong answers`);
    }
  });

  it('when it fails while it is tried', () => {
    const change = 'mask() { throw new Error("out of order"); }';
    const { file, binding, reason } = load('broken.cjs', altered(change));
    expect(binding).toBeNull();
    expect(reason).toBe(`${file} does not work (out of order)`);
  });
});
