import { describe, expect, it } from 'vitest';
import { text } from '../codec-calls.js';
import { addonReason, newNativeEngine, withoutAddon } from '../engines.js';

const base = { windowBits: 15, takeover: true };

describe.skipIf(withoutAddon)(`permessage-deflate in Rust (${addonReason})`, () => {
  it('leaves to zlib what only zlib has, and what zlib refuses', () => {
    const engine = newNativeEngine();
    for (const zlib of [
      { dictionary: text(10) },
      { level: 10 },
      { level: -2 },
      { level: 1.5 },
      { level: '6' as unknown as number },
      { memLevel: 0 },
      { memLevel: 10 },
      { strategy: 5 },
      { strategy: -1 }
    ]) {
      expect(engine.createDeflater({ ...base, zlib }, 1000)).toBeNull();
    }
    expect(engine.createInflater({ ...base, zlib: { dictionary: text(10) } }, () => 0)).toBeNull();
    expect(engine.statistics.deflaters).toBe(0);
  });

  it('ignores options that have no meaning', () => {
    const zlib = { chunkSize: 1024, flush: 2, finishFlush: 2, info: true, maxOutputLength: 10 };
    const engine = newNativeEngine();
    const deflater = engine.createDeflater({ ...base, zlib }, 1000)!;
    const inflater = engine.createInflater({ ...base, zlib }, () => 0)!;
    const message = text(3000);
    expect(inflater.now(deflater.now(message, true) as Buffer, true)).toEqual(message);
  });

  it('leaves to the thread pool earlier what a high level takes long for', () => {
    const engine = newNativeEngine();
    const longest = [1, 6, 7, 9].map((level) => {
      const deflater = engine.createDeflater({ ...base, zlib: { level } }, 1000)!;
      return [8, 8.5, 32, 32.5]
        .filter((kib) => deflater.now(text(kib * 1024), true) !== null)
        .at(-1);
    });
    expect(longest).toEqual([32, 32, 8, 8]);
  });

  it('counts what costs memory', () => {
    const engine = newNativeEngine();
    expect(engine.statistics).toEqual({
      deflaters: 0,
      inflaters: 0,
      compressors: 0,
      shortCompressors: 0,
      contexts: 0,
      decompressors: 0,
      historyBytes: 0,
      jobs: 0
    });
    const sides = Array.from({ length: 5 }, () => {
      const deflater = engine.createDeflater({ ...base, zlib: undefined }, 1000)!;
      const inflater = engine.createInflater({ ...base, zlib: undefined }, () => 0)!;
      inflater.now(deflater.now(text(200), true) as Buffer, true);
      return [deflater, inflater];
    }).flat();
    expect(engine.statistics).toEqual({
      deflaters: 5,
      inflaters: 5,
      compressors: 0,
      shortCompressors: 5,
      contexts: 5,
      decompressors: 0,
      historyBytes: 1000,
      jobs: 0
    });
    for (const side of sides) side.close();
    const { deflaters, inflaters, contexts, historyBytes } = engine.statistics;
    expect({ deflaters, inflaters, contexts, historyBytes }).toEqual({
      deflaters: 0,
      inflaters: 0,
      contexts: 0,
      historyBytes: 0
    });
  });
});
