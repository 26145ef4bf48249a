import * as http from 'node:http';

/** The endpoint, the transport and the masking that a run is about. */
export interface Pair {
  endpoint: string;
  transport: string;
  masking: string;
}

// Nothing but Node's own functions comes before bufferutil and TypeScript.
const ofNode = 'websocketMask' in http ? 'node' : undefined;

const PAIRS: Record<string, Pair> = {
  portable: { endpoint: 'portable', transport: 'stream', masking: ofNode ?? 'typescript' },
  'portable+bufferutil': {
    endpoint: 'portable',
    transport: 'stream',
    masking: ofNode ?? 'bufferutil'
  },
  native: { endpoint: 'native', transport: 'stream', masking: 'native' },
  'native+reactor': { endpoint: 'native', transport: 'reactor', masking: 'native' },
  // Beside what the process chooses, connections ask for it (lean-by-default.ts).
  'native+lean': { endpoint: 'native', transport: 'reactor', masking: 'native' }
};

/** What the name of the test project, in FERROWS_EXPECT, promises. Throws when it says nothing. */
export function expectedPair(): Pair {
  const name = process.env.FERROWS_EXPECT ?? '';
  if (!Object.hasOwn(PAIRS, name)) {
    throw new Error(`FERROWS_EXPECT is ${JSON.stringify(name)}: no pair has that name`);
  }
  return PAIRS[name];
}
