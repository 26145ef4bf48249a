import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Codec, IncomingOptions } from '../../src/endpoint/contract.js';
import { Parser } from '../../src/endpoint/portable/parser.js';
import { BINARY, CLOSE, PING, TEXT, closeBody, frame } from '../contract/wire.js';
import { captureUncaught } from '../contract/uncaught.js';
import { IncomingRecorder } from './incoming-recorder.js';

type Inflated = (error: Error | null, data: Buffer) => void;

/** A codec whose jobs are finished by the test. */
class PendingCodec implements Codec {
  readonly params = {};
  readonly _threshold = 0;
  readonly _isServer = false;
  readonly jobs: { data: Buffer; fin: boolean; done: Inflated }[] = [];

  compress(): void {
    throw new Error('not part of the incoming half');
  }

  decompress(data: Buffer, fin: boolean, done: Inflated): void {
    this.jobs.push({ data, fin, done });
  }

  cleanup(): void {}
}

function start(options: IncomingOptions = {}) {
  const recorder = new IncomingRecorder();
  return { recorder, parser: new Parser(options, recorder) };
}

function startInflating(options: IncomingOptions = {}) {
  const codec = new PendingCodec();
  return { codec, ...start({ ...options, extensions: { 'permessage-deflate': codec } }) };
}

const compressed = (text: string) => frame(text, { rsv1: true });

describe('a listener that throws', () => {
  it('gets its exception to the caller of write, and the rest of the chunk later', async () => {
    const { recorder, parser } = start();
    recorder.listener = (_name, index) => {
      if (index === 0) throw new Error('listener');
    };

    expect(() => parser.write(Buffer.concat([frame('a'), frame('b'), frame('c')]))).toThrow(
      'listener'
    );
    await turn();

    expect(recorder.all('message')).toEqual(['a', 'b', 'c']);
  });

  it('loses nothing when the next chunk comes before the rest of its own was delivered', async () => {
    const { recorder, parser } = start();
    recorder.listener = (_name, index) => {
      if (index === 0) throw new Error('listener');
    };

    expect(() => parser.write(Buffer.concat([frame('a'), frame('b')]))).toThrow('listener');
    parser.write(frame('c'));
    await turn();

    expect(recorder.all('message')).toEqual(['a', 'b', 'c']);
  });

  it('does not hide the exception of the next one behind an inflated message', async () => {
    const uncaught = captureUncaught();
    const { codec, recorder, parser } = startInflating();
    recorder.listener = (_name, index) => {
      throw new Error(`listener ${index}`);
    };

    parser.write(Buffer.concat([compressed('a'), frame('b'), frame('c')]));
    expect(() => codec.jobs[0].done(null, Buffer.from('A'))).toThrow('listener 0');
    await turn();
    await turn();

    expect(recorder.all('message')).toEqual(['A', 'b', 'c']);
    expect(uncaught.messages()).toEqual(['listener 1', 'listener 2']);
  });

  it('does not hide its exception when a deferred event is followed by a close frame', async () => {
    const uncaught = captureUncaught();
    const { recorder, parser } = start({ allowSynchronousEvents: false });
    recorder.listener = (name) => {
      throw new Error(name);
    };

    parser.write(Buffer.concat([frame('a'), frame(closeBody(1000), { opcode: CLOSE })]));
    await turn();
    await turn();

    expect(recorder.events.slice(0, 2)).toEqual([
      ['message', 'a', false],
      ['conclude', 1000, '']
    ]);
    expect(uncaught.messages().slice(0, 2)).toEqual(['message', 'conclude']);
  });

  it('does not keep the end from being reported', async () => {
    const { recorder, parser } = start();
    recorder.listener = (name) => {
      if (name === 'message') throw new Error('listener');
    };

    expect(() => parser.write(frame('a'))).toThrow('listener');
    parser.end();
    await turn();

    expect(recorder.events).toEqual([['message', 'a', false], ['finish']]);
  });
});

describe('bytes that arrive while a listener runs', () => {
  it('come after the rest of the chunk', async () => {
    const { recorder, parser } = start();
    recorder.listener = (_name, index) => {
      if (index === 0) parser.write(frame('c'));
    };

    parser.write(Buffer.concat([frame('a'), frame('b')]));
    await turn();

    expect(recorder.all('message')).toEqual(['a', 'b', 'c']);
  });

  it('come after the rest of the chunk when the event had been deferred', async () => {
    const { recorder, parser } = start({ allowSynchronousEvents: false });
    recorder.listener = (_name, index) => {
      if (index === 0) parser.write(frame('c'));
    };

    parser.write(Buffer.concat([frame('a'), frame('b')]));
    for (let i = 0; i < 5; i++) await turn();

    expect(recorder.all('message')).toEqual(['a', 'b', 'c']);
  });

  it('come after the rest of the chunk when the message was inflated', async () => {
    const { codec, recorder, parser } = startInflating();
    recorder.listener = (_name, index) => {
      if (index === 0) parser.write(frame('c'));
    };

    parser.write(Buffer.concat([compressed('a'), frame('b')]));
    codec.jobs[0].done(null, Buffer.from('A'));
    await turn();

    expect(recorder.all('message')).toEqual(['A', 'b', 'c']);
  });
});

describe('permessage-deflate', () => {
  it('makes everything behind a compressed message wait for it — RFC 7692 §6.2', async () => {
    const { codec, recorder, parser } = startInflating();

    parser.write(Buffer.concat([compressed('a'), frame('b'), frame('p', { opcode: PING })]));
    parser.write(frame('c'));
    expect(recorder.events).toEqual([]);
    codec.jobs[0].done(null, Buffer.from('A'));

    expect(recorder.events).toEqual([
      ['message', 'A', false],
      ['message', 'b', false],
      ['ping', 'p'],
      ['message', 'c', false]
    ]);
  });

  it('has one job at a time — RFC 7692 §6.2', () => {
    const { codec, parser } = startInflating();

    parser.write(Buffer.concat([compressed('a'), compressed('b')]));
    expect(codec.jobs.map(({ data }) => String(data))).toEqual(['a']);
    codec.jobs[0].done(null, Buffer.from('A'));

    expect(codec.jobs.map(({ data }) => String(data))).toEqual(['a', 'b']);
  });

  it('takes an answer that comes at once', () => {
    const { codec, recorder, parser } = startInflating();
    codec.decompress = (data, _fin, done) => done(null, Buffer.from(String(data).toUpperCase()));

    parser.write(Buffer.concat([compressed('a'), compressed('b'), frame('c')]));

    expect(recorder.all('message')).toEqual(['A', 'B', 'c']);
  });

  it('tells the codec which fragment is the last — RFC 7692 §6.1', () => {
    const { codec, recorder, parser } = startInflating();

    parser.write(frame('a', { rsv1: true, fin: false }));
    parser.write(frame('b', { opcode: 0 }));
    codec.jobs[0].done(null, Buffer.from('A'));
    codec.jobs[1].done(null, Buffer.from('B'));

    expect(codec.jobs.map(({ fin }) => fin)).toEqual([false, true]);
    expect(recorder.all('message')).toEqual(['AB']);
  });

  it('is told an empty fragment too — RFC 7692 §6.1', () => {
    const { codec, recorder, parser } = startInflating();

    parser.write(frame('', { rsv1: true }));
    expect(codec.jobs).toHaveLength(1);
    codec.jobs[0].done(null, Buffer.alloc(0));

    expect(recorder.all('message')).toEqual(['']);
  });

  it('limits what comes out of it, over all fragments', async () => {
    const { codec, recorder, parser } = startInflating({ maxPayload: 3 });

    parser.write(frame('a', { rsv1: true, fin: false }));
    codec.jobs[0].done(null, Buffer.from('AA'));
    parser.write(frame('b', { opcode: 0 }));
    codec.jobs[1].done(null, Buffer.from('BB'));
    await turn();

    expect(recorder.events).toEqual([
      ['error', 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH', 'Max payload size exceeded']
    ]);
  });

  it('reports the error of the codec and nothing behind it', async () => {
    const { codec, recorder, parser } = startInflating();

    parser.write(Buffer.concat([compressed('a'), frame('b')]));
    codec.jobs[0].done(Object.assign(new Error('corrupt'), { code: 'X' }), Buffer.alloc(0));
    await turn();

    expect(recorder.events).toEqual([['error', 'X', 'corrupt']]);
  });

  it('lets a text message through at once even without synchronous events, as ws does', () => {
    const { codec, recorder, parser } = startInflating({ allowSynchronousEvents: false });

    parser.write(compressed('a'));
    codec.jobs[0].done(null, Buffer.from('A'));

    expect(recorder.all('message')).toEqual(['A']);
  });

  it('defers a binary message without synchronous events, as ws does', async () => {
    const { codec, recorder, parser } = startInflating({ allowSynchronousEvents: false });

    parser.write(frame('a', { rsv1: true, opcode: BINARY }));
    codec.jobs[0].done(null, Buffer.from('A'));
    expect(recorder.events).toEqual([]);
    await turn();

    expect(recorder.all('message')).toEqual([Buffer.from('A')]);
  });
});

describe('reading on', () => {
  it('is refused while 16 KiB wait for a job, and asked for again afterwards', () => {
    const { codec, recorder, parser } = startInflating();

    expect(parser.write(compressed('a'))).toBe(true);
    expect(parser.write(frame(Buffer.alloc(16 * 1024)))).toBe(false);
    expect(parser.needsDrain).toBe(true);
    codec.jobs[0].done(null, Buffer.from('A'));

    expect(recorder.events.map(([name]) => name)).toEqual(['message', 'message', 'drain']);
    expect(parser.needsDrain).toBe(false);
  });

  it('is not refused when the bytes are worked off at once', () => {
    const { parser } = start();
    expect(parser.write(frame(Buffer.alloc(64 * 1024)))).toBe(true);
  });

  it('is refused while 16 KiB wait for a deferred event', async () => {
    const { recorder, parser } = start({ allowSynchronousEvents: false });

    expect(parser.write(Buffer.concat([frame('a'), frame(Buffer.alloc(16 * 1024))]))).toBe(false);
    for (let i = 0; i < 4; i++) await turn();

    expect(recorder.events.map(([name]) => name)).toEqual(['message', 'message', 'drain']);
  });
});

describe('the end', () => {
  it('is reported after what is still being delivered', async () => {
    const { recorder, parser } = start({ allowSynchronousEvents: false });

    parser.write(Buffer.concat([frame('a'), frame('b')]));
    parser.end();
    for (let i = 0; i < 4; i++) await turn();

    expect(recorder.events).toEqual([['message', 'a', false], ['message', 'b', false], ['finish']]);
  });

  it('is never reported synchronously', async () => {
    const { recorder, parser } = start();

    parser.end();
    expect(recorder.events).toEqual([]);
    await turn();

    expect(recorder.events).toEqual([['finish']]);
    expect(parser.finished).toBe(true);
  });

  it('is reported once', async () => {
    const { recorder, parser } = start();

    parser.end();
    parser.end();
    await turn();

    expect(recorder.events).toEqual([['finish']]);
  });

  it('is reported although a message is incomplete', async () => {
    const { recorder, parser } = start();

    parser.write(frame('abc').subarray(0, 3));
    parser.end();
    await turn();

    expect(recorder.events).toEqual([['finish']]);
  });

  it('makes what is written afterwards be ignored', async () => {
    const { recorder, parser } = start();

    parser.end();
    expect(parser.write(frame('a'))).toBe(true);
    await turn();

    expect(recorder.events).toEqual([['finish']]);
  });

  it('is not reported after an error', async () => {
    const { recorder, parser } = start();

    parser.write(frame('a', { opcode: 3 }));
    parser.end();
    await turn();

    expect(recorder.events.map(([name]) => name)).toEqual(['error']);
    expect(parser.errored).toBe(true);
    expect(parser.finished).toBe(false);
  });
});

describe('an error', () => {
  it('is never reported synchronously', async () => {
    const { recorder, parser } = start();

    parser.write(frame('a', { opcode: 3 }));
    expect(recorder.events).toEqual([]);
    expect(parser.failure).not.toBeNull();
    await turn();

    expect(recorder.events.map(([name]) => name)).toEqual(['error']);
  });

  it('comes after the messages before it and hides everything behind it', async () => {
    const { recorder, parser } = start();

    parser.write(Buffer.concat([frame('a'), frame('', { opcode: 3 }), frame('b')]));
    parser.write(frame('c'));
    await turn();

    expect(recorder.events.map(([name]) => name)).toEqual(['message', 'error']);
  });
});

describe('a message', () => {
  it('of the type asked for while it was coming is delivered in it', () => {
    const { recorder, parser } = start();

    parser.write(frame('ab', { opcode: BINARY, fin: false }));
    parser._binaryType = 'fragments';
    parser.write(frame('cd', { opcode: 0 }));

    expect(Buffer.concat(recorder.all('message').flat() as Buffer[]).toString()).toBe('abcd');
  });

  it('whose fragments were kept apart is joined when another type is asked for meanwhile', () => {
    const { recorder, parser } = start({ binaryType: 'fragments' });

    parser.write(frame('ab', { opcode: BINARY, fin: false }));
    parser.write(frame('cd', { opcode: 0, fin: false }));
    parser._binaryType = 'nodebuffer';
    parser.write(frame('ef', { opcode: 0 }));

    expect(recorder.all('message')).toEqual([Buffer.from('abcdef')]);
  });

  it('of text ignores the binary type', () => {
    const { recorder, parser } = start({ binaryType: 'fragments' });

    parser.write(frame('a', { opcode: TEXT, fin: false }));
    parser.write(frame('b', { opcode: 0 }));

    expect(recorder.all('message')).toEqual(['ab']);
  });
});
