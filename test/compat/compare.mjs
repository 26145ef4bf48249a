// Runs the scenarios on two libraries and compares what they recorded. Also a command:
//
//   node test/compat/compare.mjs [--self] [--show] [--times N] [--dist folder] [regular expression]
//
// prints every difference that is not intended, between stock ws and ferrows; --self puts ws on both sides, which tells
// whether the scenarios are deterministic; --show prints the transcripts of ws instead; --dist names
// another build of ferrows.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { loadScenarios } from './scenarios.mjs';

const path = (relative) => fileURLToPath(new URL(relative, import.meta.url));

export const WS = {
  require: path('../../node_modules/ws/index.js'),
  import: path('../../node_modules/ws/wrapper.mjs')
};
export const FERROWS = {
  require: path('../../dist/index.js'),
  import: path('../../dist/index.mjs')
};

/** Runs the scenarios in a process of their own: `{ backend, transcripts: Map of id to text }`. */
export async function transcribe(library, { env = {}, only = '' } = {}) {
  const child = spawn(process.execPath, [path('run.mjs'), library.require, library.import, only], {
    env: { ...process.env, NODE_OPTIONS: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe']
  });
  const [output, complaints, [code, signal]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise((resolve) => child.once('close', (...values) => resolve(values)))
  ]);

  const result = { backend: null, transcripts: new Map(), milliseconds: new Map() };
  let running = 'nothing';
  for (const line of output.split('\n').filter(Boolean)) {
    const message = JSON.parse(line);
    if ('backend' in message) result.backend = message.backend;
    if (message.starting) running = message.starting;
    if (message.lanes) {
      result.transcripts.set(message.id, render(message.lanes));
      result.milliseconds.set(message.id, message.milliseconds);
    }
  }
  if (code !== 0) {
    throw new Error(`${library.require} ended with ${code ?? signal} in ${running}\n${complaints}`);
  }
  return result;
}

/** Lanes as text; a lane in which nothing happened is left out. */
export function render(lanes) {
  return Object.keys(lanes)
    .filter((name) => lanes[name].length)
    .sort()
    .map((name) => [`${name}:`, ...lanes[name].map((line) => `  ${line}`)].join('\n'))
    .join('\n');
}

/** The lines that only one of two texts has, by longest common subsequence: `[minus, plus]`. */
export function difference(before, after) {
  const a = before.split('\n');
  const b = after.split('\n');
  const common = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      common[i][j] =
        a[i] === b[j] ? common[i + 1][j + 1] + 1 : Math.max(common[i + 1][j], common[i][j + 1]);
    }
  }
  const minus = [];
  const plus = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      i++;
      j++;
    } else if (j < b.length && (i === a.length || common[i][j + 1] > common[i + 1][j])) {
      plus.push(b[j++].trim());
    } else {
      minus.push(a[i++].trim());
    }
  }
  return [minus, plus];
}

/**
 * What two transcripts differ in, and what a scenario's `differs` says they should on this backend, in
 * one order.
 */
export function judge(
  theirs,
  ours,
  all = [],
  backend = { endpoint: 'portable', transport: 'stream' }
) {
  const differs = all.filter(
    ({ endpoint = backend.endpoint, transport = backend.transport }) =>
      endpoint === backend.endpoint && transport === backend.transport
  );
  const [minus, plus] = difference(theirs, ours);
  return {
    found: { ws: minus.sort(), ferrows: plus.sort() },
    intended: {
      ws: differs.flatMap((one) => one.ws).sort(),
      ferrows: differs.flatMap((one) => one.ferrows).sort()
    }
  };
}

async function text(stream) {
  let all = '';
  stream.setEncoding('utf8');
  for await (const chunk of stream) all += chunk;
  return all;
}

async function main(args) {
  const take = (flag) => args.includes(flag) && args.splice(args.indexOf(flag), 1).length > 0;
  const self = take('--self');
  const shows = take('--show');
  const valueOf = (flag) => {
    const at = args.indexOf(flag);
    return at === -1 ? undefined : args.splice(at, 2)[1];
  };
  const times = Number(valueOf('--times') ?? 1);
  const dist = valueOf('--dist');
  const ferrows = dist ? { require: `${dist}/index.js`, import: `${dist}/index.mjs` } : FERROWS;
  const only = args[0] ?? '';

  const theirs = await transcribe(WS, { only });
  if (shows) {
    for (const [id, transcript] of theirs.transcripts) console.log(`# ${id}\n${transcript}\n`);
    return;
  }
  const differs = new Map((await loadScenarios()).map((one) => [one.id, one.differs]));
  let differing = 0;
  for (let i = 0; i < times; i++) {
    const ours = await transcribe(self ? WS : ferrows, { only });
    for (const [id, transcript] of theirs.transcripts) {
      const other = ours.transcripts.get(id);
      const { found, intended } = self
        ? judge(transcript, other ?? '')
        : judge(transcript, other ?? '', differs.get(id), ours.backend);
      if (isDeepStrictEqual(found, intended)) continue;
      differing++;
      console.log(
        `# ${id}\n--- ws\n${transcript}\n+++ ${self ? 'ws again' : 'ferrows'}\n${other}\n`
      );
    }
  }
  console.log(`${theirs.transcripts.size} scenarios, ${differing} differ`);
  if (differing) process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.slice(2));
