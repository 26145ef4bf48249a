import type { DeflateEngine } from '../contract.js';
import { Deflater } from './deflater.js';
import { Inflater } from './inflater.js';

/** Node's zlib. It takes all of its options, and keeps a connection's context as long as that lives. */
export const zlibEngine: DeflateEngine = {
  name: 'zlib',
  createDeflater: ({ zlib, windowBits, takeover }) => new Deflater(zlib, windowBits, takeover),
  createInflater: ({ zlib, windowBits, takeover }, maxPayload) =>
    new Inflater(zlib, windowBits, takeover, maxPayload)
};
