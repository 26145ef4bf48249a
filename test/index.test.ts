import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import library from '../src/index.js';

/** As CommonJS: the default export of the ES module has nothing on it. */
const stock = createRequire(__filename)('ws') as Record<string, unknown>;
const own = library as unknown as Record<string, unknown>;

describe('the library', () => {
  it('is the class WebSocket with everything else on it, as ws is', () => {
    expect(library).toBe(library.WebSocket);
    expect(library.Server).toBe(library.WebSocketServer);
    expect(new library.WebSocket(null)).toBeInstanceOf(library);
  });

  it('has everything that ws has, of the same kind', () => {
    const kinds = Object.entries(stock).map(([name, value]) => [name, typeof value]);
    expect(kinds.map(([name]) => [name, typeof own[name]])).toEqual(kinds);
  });

  it('has one thing more, which says what it runs on', () => {
    const more = Object.keys(library).filter((name) => !(name in stock));
    expect(more).toEqual(['backend']);
  });

  it.each(['extension', 'subprotocol'])('has functions in %s that ws has too', (name) => {
    const keys = (value: unknown) => Object.keys(value as object).sort();
    expect(keys(own[name])).toEqual(keys(stock[name]));
  });
});
