/**
 * What is measured. A case has the name of the peer that the others are divided by, and for every peer
 * a function that does the work once and `check`, which throws if it does not do it right.
 */

import assert from 'node:assert';
import { isUtf8 } from 'node:buffer';
import {
  addon,
  bufferutil,
  ferrows,
  nativeMasking,
  nativeParsers,
  utf8Validate,
  ws
} from './subjects.mjs';

const READ = 64 * 1024;
const KEY = Buffer.from('37fa213d', 'hex');
const KEY_NUMBER = KEY.readInt32LE(0);

/** Every case for payloads of `size` bytes. */
export function casesOf(size) {
  return [
    mask(size),
    unmask(size),
    utf8('utf-8 ascii', size, 'The quick brown fox. '),
    utf8('utf-8 mixed', size, 'Zwölf Ärzte, 一二三, 😀. '),
    parse('parse masked', size, true),
    parse('parse unmasked', size, false),
    frame('frame masked', size, true),
    frame('frame unmasked', size, false)
  ];
}

/** From one buffer to another. */
function mask(size) {
  const source = noise(size);
  const output = Buffer.alloc(size + 14);
  const expected = xored(source);
  const maskings = {
    'ferrows native': () => nativeMasking.mask(source, KEY_NUMBER, output, 14),
    'ferrows portable': () => ferrows.portableMasking.mask(source, KEY_NUMBER, output, 14),
    'ferrows typescript': () => ferrows.words.mask(source, KEY_NUMBER, output, 14),
    'addon alone': () => addon.mask(source, KEY, output, 14, size),
    bufferutil: () => bufferutil.mask(source, KEY, output, 14, size)
  };
  const check = (work) => {
    output.fill(0);
    work();
    assert.ok(output.subarray(14).equals(expected));
  };
  return { name: 'mask', size, baseline: 'bufferutil', peers: maskings, check };
}

/** In place. */
function unmask(size) {
  const buffer = noise(size);
  const peers = {
    'ferrows native': () => nativeMasking.unmask(buffer, KEY_NUMBER),
    'ferrows portable': () => ferrows.portableMasking.unmask(buffer, KEY_NUMBER),
    'ferrows typescript': () => ferrows.words.unmask(buffer, KEY_NUMBER),
    'addon alone': () => addon.unmask(buffer, KEY),
    bufferutil: () => bufferutil.unmask(buffer, KEY)
  };
  const check = (work) => {
    const expected = xored(buffer);
    work();
    assert.ok(buffer.equals(expected));
  };
  return { name: 'unmask', size, baseline: 'bufferutil', peers, check };
}

function utf8(name, size, text) {
  const bytes = textOf(size, text);
  const wrong = Buffer.from(bytes);
  wrong[size - 1] = 0xff;
  const validators = {
    ferrows: ferrows.isValidUTF8,
    'ferrows typescript': ferrows.validate,
    'addon alone': addon.isValidUTF8,
    'buffer.isUtf8': isUtf8,
    'utf-8-validate': utf8Validate
  };
  const peers = Object.fromEntries(
    Object.entries(validators).map(([peer, valid]) => [peer, () => valid(bytes)])
  );
  const check = (work, peer) => {
    assert.strictEqual(work(), true);
    assert.strictEqual(validators[peer](wrong), false);
  };
  return { name, size, baseline: 'utf-8-validate', peers, check };
}

/** As many binary messages as fill a read of 64 KiB, or one of more reads. */
function parse(name, size, masked) {
  const payload = noise(size);
  const one = Buffer.concat(frameOf(ferrowsFrame, payload, masked));
  const count = Math.max(1, Math.floor(READ / one.length));
  const bytes = Buffer.concat(Array.from({ length: count }, () => one));
  const read = Buffer.alloc(Math.min(READ, bytes.length));
  const seen = { count: 0, last: Buffer.alloc(0) };
  const take = (data) => {
    seen.count++;
    seen.last = data;
  };

  const nothing = () => {};
  const handler = {
    onMessage: take,
    onPing: nothing,
    onPong: nothing,
    onConclude: nothing,
    onError: nothing,
    onDrain: nothing,
    onFinish: nothing
  };
  const options = { isServer: masked, maxPayload: 100 * 2 ** 20 };
  const native = nativeParsers.create(options, handler);
  const portable = new ferrows.Parser(options, handler);
  const receiver = new ws.Receiver({ ...options, allowSynchronousEvents: true });
  receiver.on('message', take);

  // Unmasking happens in the chunk, so that every run copies it first. What has to stay apart from the
  // messages before, a second piece, is new memory.
  const feed = (parser) => () => {
    for (let at = 0; at < bytes.length; at += READ) {
      const chunk = bytes.length > READ ? Buffer.allocUnsafe(READ) : read;
      parser.write(chunk.subarray(0, bytes.copy(chunk, 0, at, at + READ)));
    }
  };
  const check = (work) => {
    seen.count = 0;
    work();
    assert.strictEqual(seen.count, count);
    assert.ok(seen.last.equals(payload));
  };
  const peers = {
    'ferrows native': feed(native),
    'ferrows portable': feed(portable),
    'ws Receiver': feed(receiver)
  };
  return { name, size, baseline: 'ws Receiver', peers, check };
}

/** Header and payload of one frame. The payload may not be changed. */
function frame(name, size, masked) {
  const payload = noise(size);
  const frames = {
    'ferrows native': (data, options) => ferrows.frame(data, options, nativeMasking),
    'ferrows portable': (data, options) => ferrows.frame(data, options, ferrows.portableMasking),
    'ws Sender': (data, options) => ws.Sender.frame(data, options)
  };
  const options = frameOptions(masked);
  const peers = Object.fromEntries(
    Object.entries(frames).map(([peer, make]) => [peer, () => make(payload, options)])
  );
  const check = (work, peer) => {
    const made = Buffer.concat(frameOf(frames[peer], payload, masked));
    const expected = Buffer.concat(frameOf(ferrowsFrame, payload, masked));
    assert.ok(made.equals(expected));
    assert.strictEqual(Buffer.concat(work()).length, expected.length);
  };
  return { name, size, baseline: 'ws Sender', peers, check };
}

function ferrowsFrame(data, options) {
  return ferrows.frame(data, options, ferrows.words);
}

function frameOptions(mask) {
  const maskBuffer = Buffer.alloc(4);
  return { fin: true, rsv1: false, opcode: 2, mask, maskBuffer, readOnly: true };
}

/** A frame with a masking key that is known. */
function frameOf(make, payload, mask) {
  const generateMask = (buffer) => KEY.copy(buffer);
  return make(payload, { ...frameOptions(mask), generateMask });
}

function xored(bytes) {
  return Buffer.from(bytes.map((byte, i) => byte ^ KEY[i & 3]));
}

function noise(size) {
  let state = size;
  return Buffer.from(
    Uint8Array.from({ length: size }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      return state >>> 24;
    })
  );
}

/** `text` over and over, filled up where a character would not fit. */
function textOf(size, text) {
  const bytes = Buffer.alloc(size, '.');
  bytes.write(text.repeat(Math.ceil(size / text.length)));
  return bytes;
}
