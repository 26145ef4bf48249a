import { spawn, spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { PerMessageDeflate } from '../../src/endpoint/permessage-deflate.js';
import { Random } from '../contract/random.js';
import { compress, decompress } from './codec-calls.js';
import { withEveryEngine } from './engines.js';

/**
 * Another peer: compresses and decompresses in turn, one line a message, in base64. Its window is
 * exactly the one agreed on where that is possible: zlib knows no raw 2^8.
 */
const PROGRAM = `
import sys, zlib, base64
bits, takeover, level = int(sys.argv[1]), sys.argv[2] == 'true', int(sys.argv[3])
deflate = inflate = None
for line in sys.stdin:
    what, data = line.rstrip('\\n').split(' ')
    data = base64.b64decode(data)
    if what == 'c':
        if deflate is None or not takeover:
            deflate = zlib.compressobj(level, zlib.DEFLATED, -max(bits, 9))
        data = deflate.compress(data) + deflate.flush(zlib.Z_SYNC_FLUSH)
        if data.endswith(b'\\0\\0\\xff\\xff'): data = data[:-4]
        data = data or b'\\0'
    else:
        if inflate is None or not takeover:
            inflate = zlib.decompressobj(-bits)
        data = inflate.decompress(data + b'\\0\\0\\xff\\xff')
    print(base64.b64encode(data).decode(), flush=True)
`;

const hasPython = spawnSync('python3', ['--version']).status === 0;

async function python(lines: string[], options: (string | number | boolean)[]): Promise<Buffer[]> {
  const child = spawn('python3', ['-c', PROGRAM, ...options.map(String)], {
    stdio: ['pipe', 'pipe', 'inherit']
  });
  child.stdin.end(lines.join('\n') + '\n');
  let output = '';
  for await (const chunk of child.stdout) output += chunk;
  return output
    .trimEnd()
    .split('\n')
    .map((line) => Buffer.from(line, 'base64'));
}

function messages(random: Random): Buffer[] {
  return Array.from({ length: 60 }, () => {
    const length = random.pick([0, 1, 40, 300, 512, 1500, 2049, 5000, 33_000]);
    if (random.below(8) === 0) return random.bytes(length);
    let text = '';
    while (text.length < length) text += `{"price":${random.below(5000)},"side":"sell"},`;
    return Buffer.from(text.slice(0, length));
  });
}

const combinations = [true, false].flatMap((takeover) =>
  [8, 9, 10, 11, 12, 13, 14, 15].map((bits) => ({ takeover, bits, level: bits % 9 }))
);

withEveryEngine(() => {
  // The machine may have none; that of CI has one.
  it.skipIf(!hasPython).each(combinations)(
    'agrees with Python’s zlib under %o — RFC 7692 §7.2',
    async ({ takeover, bits, level }) => {
      const params = {
        client_max_window_bits: bits,
        server_max_window_bits: bits,
        ...(!takeover && { client_no_context_takeover: true, server_no_context_takeover: true })
      } as const;
      const codec = new PerMessageDeflate({
        isServer: true,
        zlibDeflateOptions: { level },
        idleTimeout: 1
      });
      codec.params = params;
      const plain = messages(new Random(bits + level));

      const deflated: Buffer[] = [];
      for (const message of plain) deflated.push(await compress(codec, message));
      const read = deflated.map((data) => `d ${data.toString('base64')}`);
      const written = plain.map((data) => `c ${data.toString('base64')}`);
      const answers = await python([...read, ...written], [bits, takeover, level]);
      const results = answers.slice(0, plain.length);
      expect(results.every((data, i) => data.equals(plain[i]))).toBe(true);

      const theirs = answers.slice(plain.length);
      expect(theirs).toHaveLength(plain.length);
      for (const [i, data] of theirs.entries()) {
        expect((await decompress(codec, data)).equals(plain[i])).toBe(true);
      }
      codec.cleanup();
    }
  );
});
