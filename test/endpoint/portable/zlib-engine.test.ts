import { expect, it } from 'vitest';
import { Deflater } from '../../../src/endpoint/portable/deflater.js';
import { Inflater } from '../../../src/endpoint/portable/inflater.js';
import { zlibEngine } from '../../../src/endpoint/portable/zlib-engine.js';
import { text } from '../codec-calls.js';

it('takes whatever options there are', () => {
  const options = { zlib: { dictionary: text(100) }, windowBits: 15, takeover: false };
  const deflater = zlibEngine.createDeflater(options, 1000)!;
  const inflater = zlibEngine.createInflater(options, () => 0)!;
  expect(deflater).toBeInstanceOf(Deflater);
  expect(inflater).toBeInstanceOf(Inflater);
  const message = text(300);
  expect(inflater.now(deflater.now(message, true) as Buffer, true)).toEqual(message);
});
