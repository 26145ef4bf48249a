import { describe, expect, it } from 'vitest';
import { WebSocketServer as StockServer } from 'ws';
import { CLIENT_DEFAULTS, SERVER_DEFAULTS, socketOptions } from '../../src/handshake/options.js';

describe('defaults', () => {
  it('are those of ws on a server, and two of its own', () => {
    const { WebSocket, ...stock } = new StockServer({ noServer: true }).options;
    expect({ ...SERVER_DEFAULTS, noServer: true }).toEqual({
      ...stock,
      coalesce: true,
      transport: 'auto'
    });
  });

  it('are the documented ones of ws in a client, and two of its own', () => {
    expect(CLIENT_DEFAULTS).toEqual({
      allowSynchronousEvents: true,
      autoPong: true,
      closeTimeout: 30_000,
      coalesce: true,
      followRedirects: false,
      maxBufferedChunks: 262_144,
      maxFragments: 16_384,
      maxPayload: 104_857_600,
      maxPendingAutoPongs: 60,
      maxRedirects: 10,
      perMessageDeflate: true,
      protocolVersion: 13,
      skipUTF8Validation: false,
      transport: 'auto'
    });
  });
});

describe('socketOptions', () => {
  it('picks what a connection needs, and passes `coalesce` and `transport` on unchanged', () => {
    const picked = {
      allowSynchronousEvents: false,
      maxBufferedChunks: 1,
      maxFragments: 2,
      maxPayload: 3,
      skipUTF8Validation: true,
      coalesce: false,
      transport: 'stream'
    } as const;
    const other = { autoPong: false, perMessageDeflate: true, closeTimeout: 5 };
    expect(socketOptions({ ...picked, ...other })).toEqual(picked);
  });
});
