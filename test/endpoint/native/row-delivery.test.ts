import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Codec, IncomingOptions } from '../../../src/endpoint/contract.js';
import { ERRORS, ErrorIndex } from '../../../src/endpoint/errors.js';
import { OpenFlag, type Payloads } from '../../../src/endpoint/native/binding.js';
import { RowDelivery } from '../../../src/endpoint/native/row-delivery.js';
import { memoryOf } from '../../../src/endpoint/native/table.js';
import { IncomingRecorder } from '../incoming-recorder.js';
import { Rows, type Place } from './rows.js';

/** An incoming half whose rows come from the test. */
class Subject extends RowDelivery {
  /** What the addon would have been told. */
  readonly told: unknown[][] = [];

  constructor(
    options: IncomingOptions,
    readonly recorder: IncomingRecorder,
    readonly rows: Rows
  ) {
    super(options, recorder);
  }

  /** Takes the rows as one chunk's. */
  receive(rows: Rows = this.rows): void {
    const { chunk, end, slab, table } = rows;
    this.begin(() => this.deliver(table, 0, end, memoryOf(slab), memoryOf(chunk)));
    // It is used for the next ones.
    table.fill(-1);
  }

  flagsOf(options: IncomingOptions): number {
    return this.flags(options);
  }

  stop(): void {
    this.recorder.listener = () => {};
    this.conclude(1000, Buffer.alloc(0));
  }

  get keeps(): boolean {
    return this.hasLeft;
  }

  protected override get payloads(): Payloads {
    return this.rows;
  }

  protected override setByFrame(byFrame: boolean): void {
    this.told.push(['byFrame', byFrame]);
  }

  protected override setMaxPayload(bytes: number): void {
    this.told.push(['maxPayload', bytes]);
  }
}

function start(options: IncomingOptions = {}) {
  const recorder = new IncomingRecorder();
  const rows = new Rows();
  return { recorder, rows, subject: new Subject(options, recorder, rows) };
}

const codec = {
  params: {},
  _threshold: 0,
  _isServer: false,
  compress() {},
  decompress: (data: Buffer, _fin: boolean, done: (error: null, data: Buffer) => void) =>
    done(null, Buffer.from(String(data).toUpperCase())),
  cleanup() {}
} as Codec;

describe.each<Place>(['chunk', 'slab', 'owned', 'lent'])('a payload in the %s', (place) => {
  it('is delivered as text, binary, ping, pong and close', () => {
    const { recorder, rows, subject } = start();
    rows
      .text('täxt', place)
      .data('bytes', { place })
      .ping('ping', place)
      .pong('pong', place)
      .close(4321, 'over', place);
    subject.receive();
    expect(recorder.events).toEqual([
      ['message', 'täxt', false],
      ['message', Buffer.from('bytes'), true],
      ['ping', 'ping'],
      ['pong', 'pong'],
      ['conclude', 4321, 'over']
    ]);
    expect(rows.owned.size).toBe(0);
  });

  it('is put together with the other pieces of its frame', () => {
    const { recorder, rows, subject } = start();
    rows.data('a', { ends: 'nothing', place }).data('b', { ends: 'nothing', place });
    rows.data('c', { place }).data('d', { place });
    subject.receive();
    expect(recorder.all('message')).toEqual([Buffer.from('abc'), Buffer.from('d')]);
  });

  it('is delivered when the rest of its message comes with a later chunk', () => {
    const { recorder, rows, subject } = start();
    subject.receive(new Rows().data('a', { ends: 'nothing', text: true, place: 'chunk' }));
    rows.text('b', place);
    subject.receive();
    expect(recorder.events).toEqual([['message', 'ab', false]]);
  });
});

describe('rows', () => {
  it('without a payload are delivered as empty', () => {
    const { recorder, rows, subject } = start();
    rows.text('').data('').ping('').close(1005, '');
    subject.receive();
    expect(recorder.events).toEqual([
      ['message', '', false],
      ['message', Buffer.alloc(0), true],
      ['ping', ''],
      ['conclude', 1005, '']
    ]);
  });

  it('of fragments become one message, or stay apart where that is asked for', () => {
    for (const binaryType of ['nodebuffer', 'fragments'] as const) {
      const { recorder, rows, subject } = start({ binaryType });
      rows.data('ab', { ends: 'frame' }).ping('between').data('cd');
      subject.receive();
      const [[, ping], [, message]] = recorder.events;
      expect(ping).toBe('between');
      expect(message).toEqual(
        binaryType === 'fragments' ? [Buffer.from('ab'), Buffer.from('cd')] : Buffer.from('abcd')
      );
    }
  });

  it.each(ERRORS.map(({ code }, index) => [code, index] as const))(
    'report %s (%i) with its text, later',
    async (code, index) => {
      const { recorder, rows, subject } = start();
      rows.text('before').error(index, 7);
      subject.receive();
      expect(recorder.events).toEqual([['message', 'before', false]]);
      await turn();
      const [, [name, reported, text]] = recorder.events as string[][];
      expect([name, reported]).toEqual(['error', code]);
      expect(text.startsWith(ERRORS[index].message.replace(/ ?[%$({].*/, ''))).toBe(true);
    }
  );

  it('behind an error are dropped, and their memory freed', async () => {
    const { recorder, rows, subject } = start();
    rows.error(ErrorIndex.InvalidUtf8).text('never', 'owned').data('never', { place: 'lent' });
    subject.receive();
    await turn();
    expect(recorder.events.map(([name]) => name)).toEqual(['error']);
    expect(rows.owned.size).toBe(0);
  });

  it('behind a close frame are dropped, and their memory freed', () => {
    const { recorder, rows, subject } = start();
    rows.close(1000, 'bye').data('never', { place: 'owned' });
    subject.receive();
    expect(recorder.events).toEqual([['conclude', 1000, 'bye']]);
    expect(rows.owned.size).toBe(0);
  });

  it('of compressed frames are inflated', () => {
    const { recorder, rows, subject } = start({ extensions: { 'permessage-deflate': codec } });
    rows.data('a', { ends: 'frame', text: true, compressed: true });
    rows.data('b', { text: true, compressed: true, place: 'owned' }).text('c');
    subject.receive();
    expect(recorder.all('message')).toEqual(['AB', 'c']);
  });
});

describe('a listener that throws', () => {
  it('keeps nobody from hearing the rest, which is not read from the table any more', async () => {
    const { recorder, rows, subject } = start();
    rows.text('a').text('b', 'slab').data('c', { place: 'owned' });
    recorder.listener = (_name, index) => {
      if (index === 0) throw new Error('listener');
    };
    expect(() => subject.receive()).toThrow('listener');
    expect(subject.keeps).toBe(true);
    await turn();
    expect(recorder.all('message')).toEqual(['a', 'b', Buffer.from('c')]);
    expect(subject.keeps).toBe(false);
    expect(rows.owned.size).toBe(0);
  });

  it('has what is left freed when the connection is over before its turn', async () => {
    const { recorder, rows, subject } = start();
    rows.text('a').data('b', { place: 'owned' }).data('c', { place: 'owned' });
    recorder.listener = () => {
      throw new Error('listener');
    };
    expect(() => subject.receive()).toThrow('listener');
    subject.stop();
    expect(rows.owned.size).toBe(0);
    await turn();
    expect(recorder.all('message')).toEqual(['a']);
  });

  it('and has ended the connection has what is left freed at once', () => {
    const { recorder, rows, subject } = start();
    rows.text('a').data('b', { place: 'owned' });
    recorder.listener = () => {
      subject.stop();
      throw new Error('listener');
    };
    expect(() => subject.receive()).toThrow('listener');
    expect(rows.owned.size).toBe(0);
    expect(subject.keeps).toBe(false);
  });
});

describe('events that have turns of their own', () => {
  it('make the rest wait, in order, and without the table', async () => {
    const { recorder, rows, subject } = start({ allowSynchronousEvents: false });
    rows.text('a').text('b', 'slab').data('c', { place: 'owned' }).ping('d');
    subject.receive();
    const seen: number[] = [];
    for (let i = 0; i < 8; i++) {
      seen.push(recorder.events.length);
      await turn();
    }
    expect(recorder.events.map(([, data]) => String(data))).toEqual(['a', 'b', 'c', 'd']);
    // Never two in a turn.
    expect(seen.every((count, i) => i === 0 || count - seen[i - 1] <= 1)).toBe(true);
    expect(rows.owned.size).toBe(0);
  });
});

describe('what the addon is told', () => {
  it.each<[string, IncomingOptions, number]>([
    ['nothing for a server', { isServer: true }, 0],
    ['that it is a client', {}, OpenFlag.Client],
    [
      'of compression',
      { isServer: true, extensions: { 'permessage-deflate': codec } },
      OpenFlag.Deflate
    ],
    [
      'to skip the check of text',
      { isServer: true, skipUTF8Validation: true },
      OpenFlag.SkipUTF8Validation
    ],
    ['to keep fragments apart', { isServer: true, binaryType: 'fragments' }, OpenFlag.ByFrame]
  ])('is %s', (_name, options, flags) => {
    expect(start(options).subject.flagsOf(options)).toBe(flags);
  });

  it('is a binary type only where it changes what is kept apart', () => {
    const { subject } = start();
    subject._binaryType = 'arraybuffer';
    expect(subject.told).toEqual([]);
    subject._binaryType = 'fragments';
    subject._binaryType = 'blob';
    subject._binaryType = 'nodebuffer';
    expect(subject.told).toEqual([
      ['byFrame', true],
      ['byFrame', false]
    ]);
  });

  it('is a limit, of which a negative one is none', () => {
    const { subject } = start();
    subject._maxPayload = 10;
    subject._maxPayload = -1;
    expect(subject.told).toEqual([
      ['maxPayload', 10],
      ['maxPayload', 0]
    ]);
    expect(subject._maxPayload).toBe(-1);
  });

  it('leads to a whole message when fragments need not be kept apart any more', () => {
    const { recorder, rows, subject } = start({ binaryType: 'fragments' });
    rows.data('a', { ends: 'frame' });
    subject.receive();
    subject._binaryType = 'nodebuffer';
    // The addon has told the frames of this message apart from its beginning.
    subject.receive(new Rows().data('b', { ends: 'frame' }).data('c'));
    expect(Buffer.concat(recorder.all('message') as Buffer[]).toString()).toBe('abc');
  });
});
