import type { Writable, Duplex } from 'node:stream';
import { createRequire } from 'node:module';

/** The classes of stock ws, as CommonJS has them and some of which @types/ws does not know. */
interface Stock {
  WebSocket: new (address: null, protocols: undefined, options: object) => Record<string, unknown>;
  Sender: {
    new (
      socket: Duplex,
      extensions?: object,
      generateMask?: (mask: Buffer) => void
    ): Record<'send' | 'ping' | 'pong' | 'close', (...args: unknown[]) => void>;
    frame(data: Buffer | string, options: object): Buffer[];
  };
  Receiver: new (options?: object) => Writable;
}

export const {
  Sender: StockSender,
  Receiver: StockReceiver,
  WebSocket: StockWebSocket
} = createRequire(__filename)('ws') as Stock;
