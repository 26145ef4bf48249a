import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { codeBlocks } from '../examples/markdown.js';
import { lockWithoutWs, pack, Project, root, versions, type Tarball } from './project.js';

/** What README.md says to put into package.json: for ws through others, and for one's own. */
const [throughOthers, directly] = codeBlocks(readFileSync(path.join(root, 'README.md'), 'utf8'))
  .filter(({ language }) => language === 'json')
  .map(({ code }) => code);

let tarball: Tarball;

beforeAll(async () => {
  tarball = await pack();
}, 60_000);

afterAll(() => tarball.remove());

describe('"overrides": { "ws": … } in a project that has ws through others', () => {
  let project: Project;

  beforeAll(async () => {
    project = await Project.install(
      manifest(throughOthers, 'engine.io', 'engine.io-client', 'socket.io', 'socket.io-client'),
      lockWithoutWs()
    );
  }, 120_000);

  afterAll(() => project.remove());

  it('puts ferrows in the place of every ws', () => {
    expect(packagesInPlaceOfWs(project)).toEqual(['ferrows']);
  });

  it('carries engine.io and its client', async () => {
    expect(await project.run(['engine.io.cjs'])).toEqual({
      backends: [expect.any(String), expect.any(String)],
      remoteAddress: '127.0.0.1',
      received: [[4, 'text'], { binary: 'binary' }, [100_000, 'long ']],
      reason: 'forced close'
    });
  });

  it('carries broadcasts of socket.io', async () => {
    const news = ['text', [1, 2, 3]];
    expect(await project.run(['socket.io.mjs'])).toEqual({
      backend: expect.any(String),
      answer: 42,
      news: [news, news, news]
    });
  });
});

describe('ferrows as the ws that a project depends on itself', () => {
  let project: Project;

  beforeAll(async () => {
    project = await Project.install(
      manifest(directly, 'graphql', 'graphql-ws', 'fastify', '@fastify/websocket'),
      lockWithoutWs()
    );
  }, 120_000);

  afterAll(() => project.remove());

  it('is the ws of its other dependencies as well', () => {
    expect(packagesInPlaceOfWs(project)).toEqual(['ferrows']);
  });

  it('carries queries and subscriptions of graphql-ws', async () => {
    expect(await project.run(['graphql-ws.mjs'])).toEqual({
      backend: expect.any(String),
      results: [{ hello: 'world' }, { count: 1 }, { count: 2 }, { count: 3 }]
    });
  });

  it('carries @fastify/websocket, its in-memory connections included', async () => {
    expect(await project.run(['fastify.mjs'])).toEqual({
      backend: expect.any(String),
      answers: [
        ['hello', false],
        ['hello', false]
      ],
      code: 1009
    });
  });
});

/** The README's part of a package.json, with the tarball for the published package, and packages. */
function manifest(shown: string, ...names: string[]): object {
  const { dependencies, overrides } = JSON.parse(
    shown.replaceAll('npm:ferrows', `file:${tarball.file}`)
  );
  return { dependencies: { ...dependencies, ...versions(...names) }, overrides };
}

/** The names that the packages installed as `ws`, at whatever depth, have in their package.json. */
function packagesInPlaceOfWs(project: Project): string[] {
  const files = readdirSync(path.join(project.folder, 'node_modules'), { recursive: true });
  const suffix = `${path.sep}package.json`;
  const names = (files as string[])
    .filter((file) => /(^|node_modules[/\\])ws[/\\]package\.json$/.test(file))
    .map((file) => project.manifest(file.slice(0, -suffix.length)).name);
  return [...new Set(names)];
}
