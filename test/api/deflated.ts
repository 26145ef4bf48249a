import { PerMessageDeflate } from '../../src/endpoint/permessage-deflate.js';
import { frame } from '../contract/wire.js';

/** The texts as a server sends them, compressed with context takeover (RFC 7692 §7.2.1). */
export async function deflateFrames(texts: string[]): Promise<Buffer[]> {
  const codec = new PerMessageDeflate({ isServer: true });
  codec.accept([{}]);
  const frames: Buffer[] = [];
  for (const text of texts) {
    const data = await new Promise<Buffer>((resolve, reject) => {
      codec.compress(text, true, (error, bytes) => (error ? reject(error) : resolve(bytes)));
    });
    frames.push(frame(data, { opcode: 1, rsv1: true }));
  }
  codec.cleanup();
  return frames;
}
