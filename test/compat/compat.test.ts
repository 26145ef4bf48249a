import { existsSync, readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { difference, FERROWS, transcribe, type Transcription, WS } from './compare.mjs';
import { loadScenarios } from './scenarios.mjs';

/**
 * Every scenario runs on stock ws and on ferrows, in processes of their own, and must record the same
 * transcript, except for what doc/compatibility.md lists. ferrows runs once for each way of choosing
 * what is under it.
 */
const VARIANTS = [
  { env: { WS_NO_NATIVE: '1' }, pair: 'portable × stream' },
  { env: { WS_NO_REACTOR: '1' }, pair: 'native × stream' },
  { env: {}, pair: 'native × reactor' }
];

const NO_ADDON =
  'there is no addon in this build, so the pair is portable × stream, which ran already';

const scenarios = await loadScenarios();
const themes = [...new Set(scenarios.map(({ theme }) => theme))];
const rows = intendedDifferences();

let ws: Transcription;
let ferrows: Map<string, Transcription>;

beforeAll(async () => {
  if (!existsSync(FERROWS.require)) throw new Error('dist/ is missing: npm run build');
  const portable = transcribe(FERROWS, { env: VARIANTS[0].env });
  ws = await transcribe(WS);
  ferrows = new Map([[VARIANTS[0].pair, await portable]]);
  const others = VARIANTS.slice(1).map(async ({ env, pair }) => {
    ferrows.set(pair, await transcribe(FERROWS, { env }));
  });
  await Promise.all(others);
}, 240_000);

describe.each(VARIANTS)('on $pair', ({ pair }) => {
  it('runs on that pair', ({ skip }) => {
    if (withoutAddon(pair)) skip(NO_ADDON);
    const { endpoint, transport } = backendOf(pair);
    expect(`${endpoint} × ${transport}`).toBe(pair);
  });

  describe.each(themes)('%s', (theme) => {
    for (const { id, title, differs = [] } of scenarios.filter((one) => one.theme === theme)) {
      it(title, ({ skip }) => {
        if (withoutAddon(pair)) skip(NO_ADDON);
        const theirs = ws.transcripts.get(id) ?? '';
        const ours = ferrows.get(pair)?.transcripts.get(id) ?? '';
        expect(theirs, 'the scenario itself fails on ws').not.toMatch(
          /scenario (failed|timed out)/
        );
        if (differs.length === 0) {
          expect(ours).toBe(theirs);
        } else {
          const [minus, plus] = difference(theirs, ours);
          expect({ ws: minus, ferrows: plus }).toEqual({
            ws: differs.flatMap((one) => one.ws),
            ferrows: differs.flatMap((one) => one.ferrows)
          });
        }
      });
    }
  });
});

describe('doc/compatibility.md', () => {
  it('has a row for every difference a scenario shows, and no other', () => {
    const shown = scenarios.flatMap(({ differs = [] }) => differs.map(({ row }) => row));
    expect(rows).toEqual([...new Set(shown)].sort());
  });
});

function backendOf(pair: string) {
  const { backend } = ferrows.get(pair) ?? {};
  if (!backend) throw new Error('ferrows does not say what it runs on');
  return backend;
}

/** Whether `pair` needs the addon and the run without any opting out did not get it. */
function withoutAddon(pair: string): boolean {
  const { endpoint } = backendOf(VARIANTS[VARIANTS.length - 1].pair);
  return pair.startsWith('native') && endpoint === 'portable';
}

function intendedDifferences(): string[] {
  const text = readFileSync(new URL('../../doc/compatibility.md', import.meta.url), 'utf8');
  return [...text.matchAll(/^\| `([a-z-]+)` \|/gm)].map((match) => match[1]).sort();
}
