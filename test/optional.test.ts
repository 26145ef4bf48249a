import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import * as optional from '../src/optional.js';
import { maskingCases } from './endpoint/portable/masking-cases.js';

const { requireOptional } = optional;

describe('requireOptional', () => {
  it('loads what is installed', () => {
    expect(requireOptional('node:path')).toHaveProperty('join');
    expect(requireOptional('ws')).toBeTypeOf('function');
  });

  it('has nothing of what is not installed', () => {
    expect(requireOptional('ferrows-is-not-installed-under-this-name')).toBe(undefined);
  });

  it('has nothing of what fails while it is loaded', () => {
    const folder = mkdtempSync(join(tmpdir(), 'ferrows-'));
    try {
      const file = join(folder, 'broken.js');
      writeFileSync(file, "throw new Error('no build for this platform');");
      expect(requireOptional(file)).toBe(undefined);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("optional packages that are a bundler's stubs", () => {
  afterEach(() => {
    vi.doUnmock('../src/optional.js');
    vi.doUnmock('node:buffer');
    vi.doUnmock('node:http');
    vi.unstubAllEnvs();
    vi.resetModules();
  });

  const get = () => {
    throw new Error('externalized for the browser');
  };

  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['an empty object', {}],
    ['an empty function', () => {}],
    ['an object with a default export', { default: {}, __esModule: true }],
    ['an object that throws when it is used', new Proxy({}, { get })],
    ['a function that throws when it is called', get]
  ])('%s, are done without', async (_name, stub) => {
    // Without what Node itself has, everything would depend on the packages.
    vi.doMock('node:http', () => ({ websocketMask: undefined, websocketUnmask: undefined }));
    vi.doMock('node:buffer', () => ({ Buffer, isUtf8: undefined }));
    vi.doMock('../src/optional.js', () => ({ requireOptional: () => stub }));
    for (const name of ['WS_NO_BUFFER_UTIL', 'WS_NO_UTF_8_VALIDATE']) vi.stubEnv(name, '');
    vi.resetModules();
    const { masking } = await import('../src/endpoint/portable/masking.js');
    const { isValidUTF8 } = await import('../src/endpoint/utf8.js');

    expect(masking.name).toBe('typescript');
    expect(maskingCases(masking, 'mask')).toEqual([]);
    expect(isValidUTF8(Buffer.alloc(100, 'ä'))).toBe(true);
    expect(isValidUTF8(Buffer.alloc(100, 0xff))).toBe(false);
  });
});
