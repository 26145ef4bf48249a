import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { pack, root } from '../package/project.js';
import { compilers, diagnose, type Project } from './project.js';

// The old compiler needs seconds, and more on a busy machine.
vi.setConfig({ testTimeout: 120_000 });

type Setting = [Project['compiler'], Project['mode']];

const COMMONJS: Setting[] = [['TypeScript 7', 'CommonJS']];
const ES: Setting[] = [
  ['TypeScript 7', 'ES modules'],
  ['TypeScript 7', 'a bundler']
];
const OLD: Setting[] = [['TypeScript 5.6', 'ES modules']];
/** Only the old one still has the option. */
const WITHOUT_INTEROP: Setting[] = [['TypeScript 5.6', 'CommonJS without esModuleInterop']];

/** Which programs make sense where. */
const wsPrograms: [string, Setting[]][] = [
  ['ws-programs/require', [...COMMONJS, ...WITHOUT_INTEROP]],
  ['ws-programs/default', [...COMMONJS, ...ES, ...OLD]],
  ['ws-programs/namespace', WITHOUT_INTEROP]
];
const ownPrograms: [string, Setting[]][] = [
  ['own-programs/require', [...COMMONJS, ...WITHOUT_INTEROP]],
  ['own-programs/default', [...COMMONJS, ...ES, ...OLD]]
];

const typesWs = { '@types/ws': 'node_modules/@types/ws' };
/** As `"overrides": { "ws": "npm:ferrows" }` installs it. */
const override = { ...typesWs, ws: '.' };
const ferrows = { ferrows: '.' };

describe.each(wsPrograms)('the programs of %s', (programs, settings) => {
  it.each(settings)('are written for @types/ws, says %s for %s', async (compiler, mode) => {
    expect(await diagnose({ compiler, mode, programs, packages: typesWs })).toBe('');
  });

  it.each(settings)('compile when ws is ferrows with %s for %s', async (compiler, mode) => {
    expect(await diagnose({ compiler, mode, programs, packages: override })).toBe('');
  });
});

describe.each(ownPrograms)('the programs of %s', (programs, settings) => {
  it.each(settings)('compile, but for what is refused, with %s for %s', async (compiler, mode) => {
    const project = { compiler, mode, programs, packages: ferrows, checkDeclarations: true };
    expect(await diagnose(project)).toBe('');
  });
});

it.each([...COMMONJS, ...ES, ...OLD])(
  'can be given where @types/ws is asked for with %s for %s',
  async (compiler, mode) => {
    const packages = { ...typesWs, ...ferrows };
    expect(await diagnose({ compiler, mode, programs: 'assignable', packages })).toBe('');
  }
);

it('reports a program that does not fit', async () => {
  const [compiler, mode] = COMMONJS[0];
  const diagnostics = await diagnose({ compiler, mode, programs: 'wrong', packages: ferrows });
  expect(diagnostics).toMatch(/^src\/wrong\.ts\(3,23\): error TS2322: .*\n$/);
});

it('leaves no program out', () => {
  const listed = [...wsPrograms, ...ownPrograms].map(([programs]) => programs);
  const present = ['ws-programs', 'own-programs'].flatMap((folder) =>
    readdirSync(path.join(__dirname, folder)).map((name) => `${folder}/${name}`)
  );
  expect(listed.sort()).toEqual(present.sort());
});

it('is what the classes of the implementation are', () => {
  const project = path.join(__dirname, 'implementation/tsconfig.json');
  const argv = [compilers['TypeScript 7'], '--pretty', 'false', '--project', project];
  let diagnostics = '';
  try {
    execFileSync(process.execPath, argv, { cwd: root, encoding: 'utf8' });
  } catch (error) {
    diagnostics = (error as { stdout: string }).stdout;
  }
  expect(diagnostics).toBe('');
});

it('declares what the implementation installs while it is loaded', async () => {
  const { WebSocket } = await import('../../src/index.js');
  for (const name of [
    ...['CONNECTING', 'OPEN', 'CLOSING', 'CLOSED'],
    ...['onopen', 'onmessage', 'onclose', 'onerror'],
    ...['addEventListener', 'removeEventListener']
  ]) {
    expect(name in WebSocket.prototype, name).toBe(true);
  }
});

it('declares the names that the ES module exports, and no others', async () => {
  const names = Object.keys(await import('../../src/index.mjs')).sort();
  const union = names.map((name) => JSON.stringify(name)).join(' | ');
  const source = `import type * as ferrows from 'ferrows';
    type Exported = ${union};
    type None<Names extends never> = Names;
    export type Differences = [
      None<Exclude<Exported, keyof typeof ferrows>>,
      None<Exclude<keyof typeof ferrows, Exported>>
    ];`;
  const [compiler, mode] = ES[0];
  expect(await diagnose({ compiler, mode, source, packages: ferrows })).toBe('');
});

it('is found by every kind of module resolution, as attw sees it', async () => {
  const tarball = await pack();
  try {
    const attw = path.join(root, 'node_modules/@arethetypeswrong/cli/dist/index.js');
    const argv = [attw, tarball.file, '--format', 'json'];
    const report = execFileSync(process.execPath, argv, { encoding: 'utf8' });
    const { analysis } = JSON.parse(report) as { analysis: { types: object; problems: object[] } };
    expect(analysis).toMatchObject({ types: { kind: 'included' }, problems: [] });
  } finally {
    tarball.remove();
  }
});
