import type { Writable, Duplex } from 'node:stream';
import * as ws from 'ws';

/** The classes of stock ws that @types/ws does not know. */
interface Stock {
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

export const { Sender: StockSender, Receiver: StockReceiver } = ws as unknown as Stock;
