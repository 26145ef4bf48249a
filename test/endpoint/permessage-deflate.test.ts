import { EventEmitter } from 'node:events';
import { expect, it, vi } from 'vitest';
import { PerMessageDeflate } from '../../src/endpoint/permessage-deflate.js';
import { zlibEngine } from '../../src/endpoint/portable/zlib-engine.js';
import { Stock, compress, decompress, errorOf, text, turn } from './codec-calls.js';
import { withEveryEngine } from './engines.js';

type Params = Record<string, true | number>;

function codec(options: object = {}, params: Params = {}): PerMessageDeflate {
  const instance = new PerMessageDeflate(options);
  instance.params = params;
  return instance;
}

it('has the extension name of RFC 7692 §7', () => {
  expect(PerMessageDeflate.extensionName).toBe('permessage-deflate');
});

it('keeps what the options say where ws does', () => {
  const options = { isServer: true, maxPayload: 77, threshold: 0, concurrencyLimit: 3 };
  const { _options, _threshold, _maxPayload, _isServer, _deflate, _inflate, params } =
    new PerMessageDeflate(options);
  expect(_options).toBe(options);
  expect({ _threshold, _maxPayload, _isServer, _deflate, _inflate, params }).toEqual({
    _threshold: 0,
    _maxPayload: 77,
    _isServer: true,
    _deflate: null,
    _inflate: null,
    params: null
  });
});

it('has ws’s defaults', () => {
  const { _options, _threshold, _maxPayload, _isServer } = new PerMessageDeflate();
  expect({ _options, _threshold, _maxPayload, _isServer }).toEqual({
    _options: {},
    _threshold: 1024,
    _maxPayload: 0,
    _isServer: false
  });
});

it('offers what its options say — RFC 7692 §7.1', () => {
  const options = { serverNoContextTakeover: true, clientMaxWindowBits: 10 };
  expect(new PerMessageDeflate(options).offer()).toEqual(new Stock(options).offer());
});

it('keeps as params what accept returns, with the prototype the entry had', () => {
  const instance = new PerMessageDeflate({ isServer: true });
  expect(instance.params).toBeNull();
  const accepted = instance.accept([{ server_max_window_bits: ['9'] }]);
  expect(accepted).toStrictEqual({ server_max_window_bits: 9 });
  expect(instance.params).toBe(accepted);
});

it('has no params after a response it cannot accept', () => {
  const instance = new PerMessageDeflate({ clientNoContextTakeover: false });
  expect(() => instance.accept([{ client_no_context_takeover: [true] }])).toThrow(
    'Unexpected parameter "client_no_context_takeover"'
  );
  expect(instance.params).toBeNull();
});

const fresh = { server_no_context_takeover: true, client_no_context_takeover: true } as const;

withEveryEngine((engine) => {
  it('compresses strings as UTF-8', async () => {
    for (const params of [{}, fresh]) {
      for (const message of ['grüße 👋', 'ß'.repeat(5000)]) {
        const inflated = await decompress(
          codec({}, params),
          await compress(codec({ isServer: true }, params), message)
        );
        expect(inflated.toString()).toBe(message);
      }
    }
  });

  it('gives every caller memory of its own, also for a text that is repeated', async () => {
    const message = text(500).toString();
    for (const params of [{}, fresh]) {
      (await compress(codec({}, params), message)).fill(0xff);
      const deflated = await compress(codec({}, params), message);
      const inflated = await decompress(codec({ isServer: true }, params), deflated);
      expect(inflated.toString()).toBe(message);
    }
  });

  it('uses the zlib options it was given, in either mode', async () => {
    const message = text(1800);
    for (const params of [{}, fresh]) {
      const [stored, best] = await Promise.all(
        [0, 9].map((level) => compress(codec({ zlibDeflateOptions: { level } }, params), message))
      );
      expect(stored.length).toBeGreaterThan(message.length);
      expect(best.length).toBeLessThan(message.length / 2);
    }
  });

  it('lets a preset dictionary be used on both sides', async () => {
    const dictionary = text(1500);
    const options = { zlibDeflateOptions: { dictionary }, zlibInflateOptions: { dictionary } };
    for (const params of [{}, fresh]) {
      const deflated = await compress(codec({ ...options, isServer: true }, params), dictionary);
      expect(deflated.length).toBeLessThan(60);
      expect(await decompress(codec(options, params), deflated)).toEqual(dictionary);
    }
  });

  it.each([{}, fresh])(
    'throws what zlib says about its options, and can go on, under %o',
    async (params) => {
      const options = { zlibDeflateOptions: { level: 99 }, concurrencyLimit: 1 };
      const instance = codec(options, params);
      for (let i = 0; i < 12; i++) {
        expect(() => instance.compress(text(50), true, () => {})).toThrow(RangeError);
      }
      expect(await compress(codec({}, params), text(5000))).toBeInstanceOf(Buffer);
    }
  );

  it('calls back later, never within the call', async () => {
    for (const params of [{}, fresh]) {
      let within = true;
      for (const message of [Buffer.alloc(0), text(10), text(5000)]) {
        within = true;
        const calls: boolean[] = [];
        const deflated = new Promise<Buffer>((resolve) => {
          codec({}, params).compress(
            message,
            true,
            (_, data) => (calls.push(within), resolve(data))
          );
        });
        within = false;
        const data = await deflated;
        within = true;
        const inflated = new Promise<Buffer>((resolve) => {
          codec({ isServer: true }, params).decompress(
            data,
            true,
            (_, result) => (calls.push(within), resolve(result))
          );
        });
        within = false;
        await inflated;
        expect(calls).toEqual([false, false]);
      }
    }
  });

  it('keeps no zlib stream between messages without context', async () => {
    const instance = codec({ isServer: true }, fresh);
    for (const length of [100, 5000])
      await decompress(instance, await compress(codec({}, fresh), text(length)));
    await compress(instance, text(5000));
    expect([instance._deflate, instance._inflate]).toEqual([null, null]);
  });

  if (engine === zlibEngine)
    it('adds no listener per message', async () => {
      const [from, to] = [codec(), codec({ isServer: true })];
      const count = () =>
        [from._deflate, to._inflate].map((stream) => {
          const emitter = stream as EventEmitter;
          return emitter.eventNames().map((name) => [name, emitter.listenerCount(name)]);
        });
      await decompress(to, await compress(from, text(100)));
      const before = count();
      for (let i = 0; i < 50; i++) await decompress(to, await compress(from, text(100)));
      expect(count()).toEqual(before);
    });

  it('takes the limit of jobs from the first instance of the process', async () => {
    vi.resetModules();
    const module = await import('../../src/endpoint/permessage-deflate.js');
    module.useDeflateEngine(engine);
    const [first, second] = [1, 5].map(
      (concurrencyLimit) => new module.PerMessageDeflate({ concurrencyLimit })
    );
    first.params = second.params = {};
    const order: string[] = [];
    const slow = compress(first, text(500_000)).then(() => order.push('slow'));
    const fast = compress(second, text(40_000)).then(() => order.push('fast'));
    await Promise.all([slow, fast]);
    expect(order).toEqual(['slow', 'fast']);
  });

  it('fails a compression that cleanup interrupts, at once and with ws’s words', async () => {
    for (const data of [text(10), text(500_000)]) {
      const instance = codec({}, data.length > 2048 ? {} : fresh);
      const failure = errorOf(compress(instance, data));
      instance.cleanup();
      expect((await failure).message).toBe(
        'The deflate stream was closed while data was being processed'
      );
      expect(instance._deflate).toBeNull();
    }
  });

  it('drops a decompression that cleanup interrupts without calling back', async () => {
    const deflated = await compress(codec(), text(300_000));
    for (const data of [Buffer.from([0]), deflated]) {
      for (const params of [{}, fresh]) {
        const called = vi.fn();
        const instance = codec({ isServer: true }, params);
        instance.decompress(data, true, called);
        instance.cleanup();
        for (let i = 0; i < 3; i++) await decompress(codec({ isServer: true }), deflated);
        await turn();
        expect(called).not.toHaveBeenCalled();
      }
    }
  });

  it('makes blocks apart for many connections, where the engine can', async () => {
    const [one, other] = [codec(), codec()];
    const receivers = [codec({ isServer: true }), codec({ isServer: true })];
    const before = text(700);
    for (const [i, sender] of [one, other].entries()) {
      expect(await decompress(receivers[i], await compress(sender, before))).toEqual(before);
    }
    const shared = text(900);
    const block = one.compressApart(shared);
    expect(block === null).toBe(engine === zlibEngine);
    if (block === null) return;
    for (const [i, sender] of [one, other].entries()) {
      sender.dropContext();
      expect(await decompress(receivers[i], block)).toEqual(shared);
      expect(await decompress(receivers[i], await compress(sender, before))).toEqual(before);
    }
  });

  it('may be cleaned up before any use, twice, and used again', async () => {
    const [from, to] = [codec(), codec({ isServer: true })];
    for (let i = 0; i < 2; i++) {
      from.cleanup();
      to.cleanup();
      to.cleanup();
      const message = text(300);
      expect(await decompress(to, await compress(from, message))).toEqual(message);
    }
  });

  it('may be cleaned up by the callback that cleanup calls', async () => {
    const instance = codec();
    const failed = new Promise<Error | null>((resolve) => {
      instance.compress(text(9000), true, (error) => {
        instance.cleanup();
        resolve(error);
      });
    });
    instance.cleanup();
    expect(await failed).toBeInstanceOf(Error);
  });

  it('leaves nothing of cleaned-up connections in the line of the others', async () => {
    vi.resetModules();
    const module = await import('../../src/endpoint/permessage-deflate.js');
    module.useDeflateEngine(engine);
    const create = () => {
      const instance = new module.PerMessageDeflate({ concurrencyLimit: 1 });
      instance.params = {};
      return instance;
    };
    const message = text(100_000);
    const deflated = await compress(create(), message);
    const gone = Array.from({ length: 50 }, create);
    for (const instance of gone) {
      instance.compress(message, true, () => {});
      instance.decompress(deflated, true, () => {});
    }
    const last = decompress(create(), deflated);
    for (const instance of gone) instance.cleanup();
    expect(await last).toEqual(message);
  });
});
