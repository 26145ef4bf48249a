import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import { accept, normalize, offer } from '../../src/endpoint/deflate-parameters.js';
import type { PerMessageDeflateOptions } from '../../src/endpoint/deflate-parameters.js';
import { outcome } from '../handshake/random-text.js';
import { PerMessageDeflate as Stock, extension } from '../handshake/stock.js';

const entries = (parameters: string) =>
  extension.parse(
    parameters
      .split('|')
      .map((p) => `x${p && ';'}${p}`)
      .join()
  ).x;

describe('offer — RFC 7692 §7.1', () => {
  it.each([
    [{}, { client_max_window_bits: true }],
    [{ clientMaxWindowBits: null }, { client_max_window_bits: true }],
    [{ clientMaxWindowBits: true }, { client_max_window_bits: true }],
    [{ clientMaxWindowBits: 10 }, { client_max_window_bits: 10 }],
    [{ clientMaxWindowBits: false }, {}],
    [
      {
        serverNoContextTakeover: true,
        clientNoContextTakeover: true,
        serverMaxWindowBits: 9,
        clientMaxWindowBits: false
      },
      {
        server_no_context_takeover: true,
        client_no_context_takeover: true,
        server_max_window_bits: 9
      }
    ],
    [
      { serverNoContextTakeover: false, serverMaxWindowBits: false },
      { client_max_window_bits: true }
    ]
  ])('makes of %j', (options, expected) => {
    expect(offer(options as PerMessageDeflateOptions)).toEqual(expected);
  });
});

describe('normalize — RFC 7692 §7.1', () => {
  it('converts the values and leaves the entries as they are', () => {
    const configurations = entries('client_max_window_bits=10;server_no_context_takeover');
    expect(normalize(configurations, true)).toEqual([
      { client_max_window_bits: 10, server_no_context_takeover: true }
    ]);
    expect(configurations[0].client_max_window_bits).toEqual(['10']);
  });

  it('allows client_max_window_bits without a value in an offer only — RFC 7692 §7.1.2.2', () => {
    expect(normalize(entries('client_max_window_bits'), true)).toEqual([
      { client_max_window_bits: true }
    ]);
    expect(() => normalize(entries('client_max_window_bits'), false)).toThrow(
      new TypeError('Invalid value for parameter "client_max_window_bits": true')
    );
  });

  it.each([
    ['foo', Error, 'Unknown parameter "foo"'],
    ['constructor', Error, 'Unknown parameter "constructor"'],
    ['__proto__=1', Error, 'Unknown parameter "__proto__"'],
    [
      'server_no_context_takeover;server_no_context_takeover',
      Error,
      'Parameter "server_no_context_takeover" must have only a single value'
    ],
    ['server_no_context_takeover=1', TypeError, 'server_no_context_takeover": 1'],
    ['client_no_context_takeover=a', TypeError, 'client_no_context_takeover": a'],
    ['server_max_window_bits', TypeError, 'server_max_window_bits": true'],
    ['server_max_window_bits=7', TypeError, 'server_max_window_bits": 7'],
    ['server_max_window_bits=16', TypeError, 'server_max_window_bits": 16'],
    ['client_max_window_bits=7', TypeError, 'client_max_window_bits": 7'],
    ['client_max_window_bits=16', TypeError, 'client_max_window_bits": 16'],
    ['client_max_window_bits=9.5', TypeError, 'client_max_window_bits": 9.5'],
    ['client_max_window_bits=a', TypeError, 'client_max_window_bits": a']
  ])('refuses %s', (parameters, type, text) => {
    const message = type === TypeError ? `Invalid value for parameter "${text}` : text;
    expect(() => normalize(entries(parameters), true)).toThrow(new type(message));
  });

  it('refuses the whole list for one malformed entry', () => {
    expect(() => normalize(entries('|foo'), true)).toThrow('Unknown parameter "foo"');
  });
});

describe('accept as a server — RFC 7692 §7.1', () => {
  const server = (options: PerMessageDeflateOptions, offers: string) =>
    accept({ ...options, isServer: true }, entries(offers));

  it('accepts what is asked for', () => {
    const parameters =
      'server_no_context_takeover;client_no_context_takeover;server_max_window_bits=10;client_max_window_bits=11';
    expect(server({}, parameters)).toEqual({
      server_no_context_takeover: true,
      client_no_context_takeover: true,
      server_max_window_bits: 10,
      client_max_window_bits: 11
    });
  });

  it('leaves out client_max_window_bits when the client leaves the choice to the server', () => {
    expect(server({}, 'client_max_window_bits')).toEqual({});
    expect(server({ clientMaxWindowBits: false }, 'client_max_window_bits=10')).toEqual({});
    expect(server({ clientMaxWindowBits: 12 }, 'client_max_window_bits')).toEqual({
      client_max_window_bits: 12
    });
  });

  it('adds its own wishes', () => {
    const options = {
      serverNoContextTakeover: true,
      clientNoContextTakeover: true,
      serverMaxWindowBits: 9
    };
    expect(server(options, '')).toEqual({
      server_no_context_takeover: true,
      client_no_context_takeover: true,
      server_max_window_bits: 9
    });
  });

  it('takes the first offer that it can accept', () => {
    const options = { serverMaxWindowBits: 12 };
    expect(
      server(
        options,
        'server_max_window_bits=11|server_max_window_bits=13;client_no_context_takeover'
      )
    ).toEqual({ server_max_window_bits: 12, client_no_context_takeover: true });
  });

  it.each<[PerMessageDeflateOptions, string]>([
    [{ serverNoContextTakeover: false }, 'server_no_context_takeover'],
    [{ serverMaxWindowBits: false }, 'server_max_window_bits=10'],
    [{ serverMaxWindowBits: 11 }, 'server_max_window_bits=10'],
    [{ clientMaxWindowBits: 11 }, 'client_max_window_bits=10'],
    [{ clientMaxWindowBits: 11 }, '']
  ])('cannot accept with %j the offer "%s"', (options, offers) => {
    expect(() => server(options, offers)).toThrow(
      new Error('None of the extension offers can be accepted')
    );
  });
});

describe('accept as a client — RFC 7692 §7.1', () => {
  const client = (options: PerMessageDeflateOptions, response: string) =>
    accept(options, entries(response));

  it('takes over the response', () => {
    expect(client({}, 'server_max_window_bits=10;client_max_window_bits=11')).toEqual({
      server_max_window_bits: 10,
      client_max_window_bits: 11
    });
  });

  it('holds to its own window if the server does not mention it', () => {
    expect(client({ clientMaxWindowBits: 10 }, '')).toEqual({ client_max_window_bits: 10 });
    expect(client({ clientMaxWindowBits: true }, '')).toEqual({});
  });

  it('refuses client_no_context_takeover if it was excluded', () => {
    expect(() => client({ clientNoContextTakeover: false }, 'client_no_context_takeover')).toThrow(
      new Error('Unexpected parameter "client_no_context_takeover"')
    );
  });

  it('refuses client_max_window_bits if excluded or larger than offered', () => {
    const error = new Error('Unexpected or invalid parameter "client_max_window_bits"');
    expect(() => client({ clientMaxWindowBits: false }, 'client_max_window_bits=10')).toThrow(
      error
    );
    expect(() => client({ clientMaxWindowBits: 10 }, 'client_max_window_bits=11')).toThrow(error);
  });
});

describe('beside ws', () => {
  const bits = [undefined, false, true, 8, 10, 15];
  const takeover = [undefined, false, true];
  const offers = ['', 'client_max_window_bits', 'client_max_window_bits=10'].flatMap((client) =>
    ['', 'server_max_window_bits=9'].flatMap((server) =>
      ['', 'server_no_context_takeover', 'client_no_context_takeover'].map((no) =>
        [client, server, no].filter(Boolean).join(';')
      )
    )
  );

  it.each([true, false])('agrees on every combination when isServer is %s', (isServer) => {
    for (const serverMaxWindowBits of bits)
      for (const clientMaxWindowBits of bits)
        for (const serverNoContextTakeover of takeover)
          for (const clientNoContextTakeover of takeover) {
            const options = {
              isServer,
              serverMaxWindowBits,
              clientMaxWindowBits,
              serverNoContextTakeover,
              clientNoContextTakeover
            };
            expect(offer(options)).toEqual(new Stock(options).offer());
            for (const text of [...offers, `${offers[17]}|${offers[1]}`]) {
              const ours = outcome(() => accept(options, entries(text)));
              const theirs = outcome(() => new Stock(options).accept(entries(text)));
              if (!isDeepStrictEqual(ours, theirs)) {
                expect([options, text, ours]).toEqual([options, text, theirs]);
              }
            }
          }
  });
});
