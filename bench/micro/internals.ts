/** What is measured, as one bundle that bench/micro/subjects.mjs makes. */

export { frame } from '../../src/endpoint/frame.js';
export { NativeParsers } from '../../src/endpoint/native/parser.js';
export { masking as portableMasking, wrap } from '../../src/endpoint/portable/masking.js';
export { Parser } from '../../src/endpoint/portable/parser.js';
export { words } from '../../src/endpoint/portable/words.js';
export { isValidUTF8, validate } from '../../src/endpoint/utf8.js';
export { loadNative } from '../../src/load-native.js';
