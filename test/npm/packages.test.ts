import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  manifest,
  publishedManifest,
  readme,
  root,
  stage,
  targets
} from '../../scripts/npm-packages.mjs';
import { platformPackages } from '../../src/load-native.js';
import { VERSION } from '../../src/version.js';

const execute = promisify(execFile);
const here = targets.find(fits);

describe('npm/', () => {
  it('has a folder for each target', () => {
    const folders = readdirSync(path.join(root, 'npm'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
    expect(folders.sort()).toEqual(targets.map((entry) => entry.package).sort());
  });

  for (const entry of targets) {
    it(`has what scripts/npm-packages.mjs writes for ${entry.target}`, () => {
      const folder = path.join(root, 'npm', entry.package);
      expect(JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'))).toEqual(
        manifest(entry)
      );
      expect(readFileSync(path.join(folder, 'README.md'), 'utf8')).toBe(readme(entry));
    });
  }

  it('has the packages that are looked for at load, and no others', () => {
    for (const { os, cpu } of targets) {
      const published = targets.filter((other) => other.os === os && other.cpu === cpu);
      expect(platformPackages(os, cpu).sort()).toEqual(published.map((e) => e.package).sort());
    }
  });

  it('has packages that README.md lists, with what has been tested', () => {
    const lines = readFileSync(path.join(root, 'README.md'), 'utf8').split('\n');
    const rows = lines.filter((line) => line.startsWith('| `ferrows-'));
    const says = { all: 'all tests', smoke: 'a smoke test', false: 'no, ' };
    expect(rows.map((row) => row.split('`')[1])).toEqual(targets.map((entry) => entry.package));
    for (const [at, row] of rows.entries()) {
      const [, , , tested] = row.split('|');
      expect(tested.trim().startsWith(says[`${targets[at].tested}`])).toBe(true);
    }
  });

  it('has packages that are installed on their platform only, and nothing runs then', () => {
    for (const entry of targets) {
      const { os, cpu, libc, version, scripts } = manifest(entry);
      expect({ os, cpu, libc, version, scripts }).toEqual({
        os: [entry.os],
        cpu: [entry.cpu],
        libc: entry.libc && [entry.libc],
        version: VERSION,
        scripts: undefined
      });
    }
  });
});

describe('what is published', () => {
  it('has the platform packages of the same version as optional dependencies, and no scripts', () => {
    const published = publishedManifest();
    expect(published.optionalDependencies).toEqual(
      Object.fromEntries(targets.map((entry) => [entry.package, VERSION]))
    );
    expect(published).not.toHaveProperty('scripts');
    expect(published).not.toHaveProperty('devDependencies');
    expect(published).not.toHaveProperty('dependencies');
  });
});

describe('staging', () => {
  const nowhere = () => path.join(root, 'build', 'none.node');

  it('leaves out what has not been built, and fails then if everything is wanted', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'ferrows-stage-'));
    const told = vi.spyOn(console, 'log').mockReturnValue();
    try {
      stage(folder, { addonOf: nowhere });
      expect(readdirSync(folder)).toEqual(['ferrows']);
      expect(told).toHaveBeenCalledTimes(targets.length);
      expect(() => stage(folder, { addonOf: nowhere, all: true })).toThrow(/has not been built$/);
    } finally {
      told.mockRestore();
      rmSync(folder, { recursive: true });
    }
  });

  it('names the repository whose workflow runs it', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'ferrows-stage-'));
    vi.stubEnv('GITHUB_SERVER_URL', 'https://example.com');
    vi.stubEnv('GITHUB_REPOSITORY', 'someone/ferrows');
    try {
      stage(folder, { addonOf: () => path.join(root, 'package.json') });
      const names = [...targets.map((entry) => entry.package), 'ferrows'];
      expect(readdirSync(folder).sort()).toEqual([...names].sort());
      for (const name of names) {
        const written = readFileSync(path.join(folder, name, 'package.json'), 'utf8');
        expect(JSON.parse(written).repository).toEqual({
          type: 'git',
          url: 'git+https://example.com/someone/ferrows.git'
        });
      }
    } finally {
      vi.unstubAllEnvs();
      rmSync(folder, { recursive: true });
    }
  });
});

// Elsewhere no platform package would be installed.
describe.skipIf(here === undefined)('an installation from the packed tarballs', () => {
  let folder: string;
  let tarballs: Record<string, string>;

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'ferrows-npm-'));
    const staged = path.join(folder, 'staged');
    const noAddon = path.join(folder, 'not-for-this-platform.node');
    writeFileSync(noAddon, 'not for this platform');
    const addon = path.join(root, 'build', 'ferrows.node');
    stage(staged, { addonOf: (entry) => (entry === here ? addon : noAddon) });
    const folders = readdirSync(staged).map((name) => path.join(staged, name));
    const options = ['--json', '--ignore-scripts', '--pack-destination', folder];
    const { stdout } = await npm(folder, 'pack', ...options, ...folders);
    const packed = JSON.parse(stdout) as { name: string; filename: string }[];
    tarballs = Object.fromEntries(
      packed.map(({ name, filename }) => [name, `file:${path.join(folder, filename)}`])
    );
  }, 180_000);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  /** A project that has installed ferrows, with `flags` for npm. Nothing comes from a registry. */
  async function install(...flags: string[]) {
    const project = mkdtempSync(path.join(folder, 'project-'));
    const { ferrows, ...platforms } = tarballs;
    const named = { private: true, dependencies: { ferrows }, overrides: platforms };
    writeFileSync(path.join(project, 'package.json'), JSON.stringify(named));
    await npm(project, 'install', '--offline', '--no-audit', '--no-fund', ...flags);
    const names = readdirSync(path.join(project, 'node_modules'));
    return { project, names: names.filter((name) => !name.startsWith('.')).sort() };
  }

  it('has the addon of this platform only, and uses it', async () => {
    const { project, names } = await install();
    expect(names).toEqual(['ferrows', here!.package].sort());
    const { endpoint, reason } = await backend(project, 'cjs');
    expect({ endpoint, reason }).toEqual({
      endpoint: 'native',
      reason: `loaded ${here!.package}`
    });
    expect(await backend(project, 'mjs')).toMatchObject({ endpoint: 'native' });
  }, 180_000);

  it('needs no install scripts', async () => {
    const { project } = await install('--ignore-scripts');
    expect(await backend(project, 'cjs')).toMatchObject({ endpoint: 'native' });
  }, 180_000);

  it('is portable with --omit=optional', async () => {
    const { project, names } = await install('--omit=optional');
    expect(names).toEqual(['ferrows']);
    const { endpoint, reason } = await backend(project, 'cjs');
    expect(endpoint).toBe('portable');
    for (const name of platformPackages()) expect(reason).toContain(`${name} is not there`);
  }, 180_000);
});

/** What an echo in `project` ran on. */
async function backend(project: string, extension: 'cjs' | 'mjs') {
  const program = path.join(project, `echo.${extension}`);
  const load =
    extension === 'cjs'
      ? `const WebSocket = require('ferrows'); const { WebSocketServer } = WebSocket;`
      : `import WebSocket, { WebSocketServer } from 'ferrows';`;
  writeFileSync(
    program,
    `${load}
     const server = new WebSocketServer({ host: '127.0.0.1', port: 0 }, () => {
       const client = new WebSocket('ws://127.0.0.1:' + server.address().port);
       client.on('open', () => client.send('hello'));
       client.on('message', (data) => {
         if (data.toString() !== 'hello') throw new Error('another answer');
         console.log(JSON.stringify(WebSocket.backend));
         client.close();
         server.close();
       });
     });
     server.on('connection', (ws) => ws.on('message', (data) => ws.send(data)));`
  );
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^WS_NO_|^NODE_OPTIONS$/.test(name))
  );
  const { stdout } = await execute(process.execPath, [program], { env, timeout: 60_000 });
  return JSON.parse(stdout) as { endpoint: string; reason: string };
}

/** Whether it is the target of this process. */
function fits({ os, cpu, libc }: (typeof targets)[number]): boolean {
  if (os !== process.platform || cpu !== process.arch) return false;
  const { header } = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  return libc === undefined || (libc === 'glibc') === (header.glibcVersionRuntime !== undefined);
}

function npm(cwd: string, ...args: string[]): Promise<{ stdout: string }> {
  return execute('npm', args, { cwd, shell: process.platform === 'win32', timeout: 120_000 });
}
