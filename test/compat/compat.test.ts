import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { FERROWS, judge, transcribe, type Transcription, WS } from './compare.mjs';
import { loadScenarios } from './scenarios.mjs';

/**
 * Every scenario runs on stock ws and on ferrows, in processes of their own, and must record the same
 * transcript, except for what doc/compatibility.md lists. ferrows runs once for each pair of endpoint
 * and transport that this build and this machine have.
 */
const VARIANTS: { pair: string; env: Record<string, string> }[] = [
  { pair: 'portable × stream', env: { WS_NO_NATIVE: '1' } },
  { pair: 'native × stream', env: { WS_NO_REACTOR: '1' } },
  // The reactor is made of epoll.
  ...(process.platform === 'linux' ? [{ pair: 'native × reactor', env: {} }] : [])
];

/** The variant that opts out of nothing, and so has the fastest pair there is. */
const FASTEST = 'native × reactor';

let ws: Transcription;
const ferrows = new Map<string, Transcription>();

describe('ferrows beside ws', async () => {
  const scenarios = await loadScenarios();
  const themes = [...new Set(scenarios.map(({ theme }) => theme))];

  beforeAll(async () => {
    if (!existsSync(FERROWS.require)) throw new Error('dist/ is missing: npm run build');
    const [portable, ...others] = VARIANTS.map(({ pair, env }) => async () => {
      ferrows.set(pair, await transcribe(FERROWS, { env }));
    });
    const first = portable();
    ws = await transcribe(WS);
    await first;
    await Promise.all(others.map((run) => run()));
  }, 240_000);

  describe.each(VARIANTS)('on $pair', ({ pair }) => {
    it('runs on that pair', ({ skip }) => {
      skip(!exists(pair), missing());
      expect(pairOf(pair)).toBe(pair);
    });

    describe.each(themes)('%s', (theme) => {
      for (const { id, title, differs = [] } of scenarios.filter((one) => one.theme === theme)) {
        it(title, ({ skip }) => {
          skip(!exists(pair), missing());
          const theirs = ws.transcripts.get(id) ?? '';
          const ours = ferrows.get(pair)?.transcripts.get(id) ?? '';
          expect(theirs, 'the scenario must hold on ws').not.toMatch(/scenario (failed|timed out)/);
          if (differs.length === 0) {
            expect(ours).toBe(theirs);
          } else {
            const { found, intended } = judge(theirs, ours, differs, backendOf(pair));
            expect(found).toEqual(intended);
          }
        });
      }
    });
  });

  it('differs only as the rows of doc/compatibility.md say, and in all of them', () => {
    const shown = scenarios.flatMap(({ differs = [] }) => differs.map(({ row }) => row));
    expect(rowsOfTheTable()).toEqual([...new Set(shown)].sort());
  });
});

function backendOf(pair: string) {
  const { backend } = ferrows.get(pair) ?? {};
  if (!backend) throw new Error('ferrows does not say what it runs on');
  return backend;
}

function pairOf(variant: string): string {
  const { endpoint, transport } = backendOf(variant);
  return `${endpoint} × ${transport}`;
}

/** Whether the run without opting out got `pair`, or one that is built on more. */
function exists(pair: string): boolean {
  const order = VARIANTS.map((variant) => variant.pair);
  return order.indexOf(pair) <= order.indexOf(pairOf(FASTEST));
}

function missing(): string {
  return `the fastest pair here is ${pairOf(FASTEST)}: ${backendOf(FASTEST).reason}`;
}

function rowsOfTheTable(): string[] {
  const text = readFileSync(join(__dirname, '../../doc/compatibility.md'), 'utf8');
  return [...text.matchAll(/^\| `([a-z-]+)` +\|/gm)].map((match) => match[1]).sort();
}
