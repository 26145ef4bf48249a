import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as stock from 'ws';
import { pack, Project, root, type Tarball } from './project.js';

const execute = promisify(execFile);

let tarball: Tarball;
let project: Project;

beforeAll(async () => {
  tarball = await pack();
  project = await Project.install({ dependencies: { ferrows: `file:${tarball.file}` } });
}, 120_000);

afterAll(() => {
  project.remove();
  tarball.remove();
});

const ECHOED = {
  received: [
    [false, 4, 'text'],
    [true, 300, 'binary binar'],
    [false, 70_000, 'xxxxxxxxxxxx']
  ],
  code: 4000,
  reason: 'enough'
};

describe('the package in an empty project', () => {
  it('works as CommonJS, with no other package installed', async () => {
    const installed = readdirSync(path.join(project.folder, 'node_modules'));
    expect(installed.filter((name) => !name.startsWith('.'))).toEqual(['ferrows']);
    expect(await project.run(['echo.cjs', 'ferrows'])).toMatchObject(ECHOED);
  });

  it('works as an ES module whose classes are those of the CommonJS module', async () => {
    expect(await project.run(['import.mjs'])).toEqual({
      names: [...Object.keys(stock).filter((name) => name !== 'module.exports'), 'backend'].sort(
        asSorted
      ),
      same: true,
      instances: true,
      message: 'from an ES module'
    });
  });

  it('works where a bundler has put an empty module in the place of each optional package', async () => {
    const stubbed = await Project.install({ dependencies: { ferrows: `file:${tarball.file}` } });
    try {
      for (const name of ['bufferutil', 'utf-8-validate']) {
        const folder = path.join(stubbed.folder, 'node_modules', name);
        mkdirSync(folder);
        writeFileSync(path.join(folder, 'index.js'), 'module.exports = {};');
      }
      const { backend, ...result } = await stubbed.run(['echo.cjs', 'ferrows']);
      expect(result).toEqual(ECHOED);
      expect((backend as { masking: string }).masking).not.toBe('bufferutil');
    } finally {
      stubbed.remove();
    }
  });

  it('has no entry but itself and package.json', async () => {
    project.write(
      'subpaths.cjs',
      `const codeOf = (name) => { try { require(name); return null; } catch (e) { return e.code; } };
       console.log(JSON.stringify({
         manifest: codeOf('ferrows/package.json'),
         file: codeOf('ferrows/dist/index.js')
       }));`
    );
    expect(await project.run(['subpaths.cjs'])).toEqual({
      manifest: null,
      file: 'ERR_PACKAGE_PATH_NOT_EXPORTED'
    });
  });

  it('throws when it is called in a browser, as ws does', async () => {
    project.write(
      'browser.cjs',
      `try { require('ferrows')(); } catch (e) { console.log(JSON.stringify(e.message)); }`
    );
    expect(await project.run(['--conditions=browser', 'browser.cjs'])).toMatch(
      /^ferrows does not work in the browser\. Browser clients must use the native WebSocket object$/
    );
  });

  it('brings its own types, for CommonJS and for ES modules', async () => {
    const source = `
      wss.on('connection', (ws, request) => {
        ws.on('message', (data, isBinary: boolean) => ws.send(String(data), { binary: isBinary }));
        const url: string | undefined = request.url;
        // @ts-expect-error: a status code is a number
        ws.close('1000', url);
      });`;
    project.write(
      'typed.cts',
      `import WebSocket = require('ferrows');
       const wss: WebSocket.Server = new WebSocket.WebSocketServer({ noServer: true });${source}`
    );
    project.write(
      'typed.mts',
      `import WebSocket, { WebSocketServer, backend } from 'ferrows';
       const wss = new WebSocketServer({ noServer: true, coalesce: false });${source}
       export const state: typeof WebSocket.OPEN = 1;
       export const { endpoint } = backend;`
    );
    const tsc = path.join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    const options = ['--noEmit', '--strict', '--module', 'nodenext', '--types', 'node'];
    const types = ['--typeRoots', path.join(root, 'node_modules', '@types')];
    await execute(process.execPath, [tsc, ...options, ...types, 'typed.cts', 'typed.mts'], {
      cwd: project.folder
    }).catch(({ stdout }) => expect.fail(stdout));
  });
});

function asSorted(a: string, b: string): number {
  return a < b ? -1 : 1;
}
