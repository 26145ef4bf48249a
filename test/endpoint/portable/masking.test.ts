import { afterEach, describe, expect, it, vi } from 'vitest';
import { masking, wrap } from '../../../src/endpoint/portable/masking.js';
import { words } from '../../../src/endpoint/portable/words.js';
import { keyBytes, maskingCases } from './masking-cases.js';

type Mask = (from: Buffer, key: Buffer, to: Buffer, offset: number, length: number) => void;

/** Correct functions with the signatures of Node's and bufferutil's. */
const plainMask: Mask = (from, key, to, offset, length) => {
  for (let i = 0; i < length; i++) to[offset + i] = from[i] ^ key[i & 3];
};
const plainUnmask = (buffer: Buffer, key: Buffer) => {
  for (let i = 0; i < buffer.length; i++) buffer[i] ^= key[i & 3];
};

describe('the masking in use', () => {
  it('unmasks every length at every alignment as the plain loop does — RFC 6455 §5.3', () => {
    expect(maskingCases(masking, 'unmask')).toEqual([]);
  });

  it('masks every length at every alignment as the plain loop does — RFC 6455 §5.3', () => {
    expect(maskingCases(masking, 'mask')).toEqual([]);
  });
});

describe('wrap', () => {
  it('uses functions that work', () => {
    const mask = vi.fn(plainMask);
    const unmask = vi.fn(plainUnmask);
    const wrapped = wrap('test', mask, unmask)!;
    expect(wrapped.name).toBe('test');
    mask.mockClear();
    unmask.mockClear();

    expect(maskingCases(wrapped, 'mask')).toEqual([]);
    expect(maskingCases(wrapped, 'unmask')).toEqual([]);
    expect(mask).toHaveBeenCalled();
    expect(unmask).toHaveBeenCalled();
  });

  it('leaves short payloads to TypeScript', () => {
    const unmask = vi.fn(plainUnmask);
    const wrapped = wrap('test', plainMask, unmask)!;
    unmask.mockClear();
    wrapped.unmask(Buffer.alloc(47), 1);
    expect(unmask).not.toHaveBeenCalled();
    wrapped.unmask(Buffer.alloc(48), 1);
    expect(unmask).toHaveBeenCalledOnce();
  });

  it('gives the key as four bytes in the order of the wire', () => {
    let seen: Buffer | undefined;
    const wrapped = wrap(
      'test',
      plainMask,
      (buffer: Buffer, key: Buffer) => ((seen = Buffer.from(key)), plainUnmask(buffer, key))
    )!;
    wrapped.unmask(Buffer.alloc(64), 0x84030201);
    expect(seen).toEqual(keyBytes(0x84030201));
  });

  it.each<[string, unknown, unknown]>([
    ['an empty module', undefined, undefined],
    ['objects', {}, {}],
    ['one function only', plainMask, undefined],
    ['the other function only', undefined, plainUnmask],
    ['functions that do nothing', () => {}, () => {}],
    ['a mask that does nothing', () => {}, plainUnmask],
    ['an unmask that does nothing', plainMask, () => {}],
    ['classes', class {}, class {}],
    [
      'a mask that ignores the offset',
      (from: Buffer, key: Buffer, to: Buffer, _offset: number, length: number) =>
        plainMask(from, key, to, 0, length),
      plainUnmask
    ],
    [
      'an unmask that leaves out the last bytes',
      plainMask,
      (buffer: Buffer, key: Buffer) => plainUnmask(buffer.subarray(0, buffer.length & -4), key)
    ],
    [
      'functions that throw',
      () => {
        throw new Error('not built');
      },
      plainUnmask
    ]
  ])('refuses %s', (_name, mask, unmask) => {
    expect(wrap('test', mask, unmask)).toBe(undefined);
  });
});

describe('the choice', () => {
  afterEach(() => {
    vi.doUnmock('node:http');
    vi.doUnmock('../../../src/optional.js');
    vi.unstubAllEnvs();
    vi.resetModules();
  });

  async function choose(http: object, optional: (name: string) => unknown): Promise<string> {
    vi.resetModules();
    vi.doMock('node:http', () => http);
    vi.doMock('../../../src/optional.js', () => ({ requireOptional: optional }));
    const chosen = await import('../../../src/endpoint/portable/masking.js');
    expect(maskingCases(chosen.masking, 'mask')).toEqual([]);
    return chosen.masking.name;
  }

  const none = { websocketMask: undefined, websocketUnmask: undefined };
  const node = { websocketMask: plainMask, websocketUnmask: plainUnmask };
  const bufferutil = () => ({ mask: plainMask, unmask: plainUnmask });

  it("is Node's own where Node has it", async () => {
    expect(await choose(node, bufferutil)).toBe('node');
  });

  it('is bufferutil where Node has nothing', async () => {
    vi.stubEnv('WS_NO_BUFFER_UTIL', '');
    expect(await choose(none, bufferutil)).toBe('bufferutil');
  });

  it('is TypeScript where there is nothing else', async () => {
    expect(await choose(none, () => undefined)).toBe(words.name);
  });

  it('is TypeScript where bufferutil is opted out of', async () => {
    vi.stubEnv('WS_NO_BUFFER_UTIL', '1');
    expect(await choose(none, bufferutil)).toBe(words.name);
  });

  it('is TypeScript where bufferutil is an empty stub', async () => {
    vi.stubEnv('WS_NO_BUFFER_UTIL', '');
    expect(await choose(none, () => ({}))).toBe(words.name);
  });

  it('is TypeScript where bufferutil is a stub that throws when it is used', async () => {
    vi.stubEnv('WS_NO_BUFFER_UTIL', '');
    const get = () => {
      throw new Error('externalized for the browser');
    };
    expect(await choose(none, () => new Proxy({}, { get }))).toBe(words.name);
  });

  it("is not Node's where that is wrong", async () => {
    vi.stubEnv('WS_NO_BUFFER_UTIL', '');
    const wrong = { websocketMask: () => {}, websocketUnmask: () => {} };
    expect(await choose(wrong, bufferutil)).toBe('bufferutil');
  });
});
