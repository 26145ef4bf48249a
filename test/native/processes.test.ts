import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import * as esbuild from 'esbuild';
import webpack from 'webpack';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = path.join(__dirname, '..', '..');
const run = promisify(execFile);
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'ferrows-native-'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** An echo over a real connection; prints the backend and what came back as JSON. */
const echo = (specifier: string) => `
  const WebSocket = require(${JSON.stringify(specifier)});
  const server = new WebSocket.Server({ host: '127.0.0.1', port: 0 }, () => {
    const client = new WebSocket('ws://127.0.0.1:' + server.address().port);
    client.on('open', () => client.send('x'.repeat(300)));
    client.on('message', (data) => {
      console.log(JSON.stringify({ length: data.length, backend: WebSocket.backend }));
      client.close();
      server.close();
    });
  });
  server.on('connection', (ws) => ws.on('message', (data) => ws.send(data)));
`;

async function execute(script: string, args: string[] = [], env: NodeJS.ProcessEnv = {}) {
  const { stdout, stderr } = await run(process.execPath, [...args, script], {
    env: { ...withoutChoices(), ...env }
  });
  return { ...(JSON.parse(stdout) as Answer), stderr };
}

interface Answer {
  length: number;
  backend: { endpoint: string; transport: string; masking: string; reason: string };
}

function withoutChoices(): NodeJS.ProcessEnv {
  const env = { ...process.env };
  for (const name of Object.keys(env)) if (name.startsWith('WS_NO_')) delete env[name];
  return env;
}

/** The built package with or without its addon, as an installation lays it out. */
function install(name: string, withAddon: boolean): string {
  const target = path.join(folder, name, 'node_modules', 'ferrows');
  mkdirSync(target, { recursive: true });
  for (const part of ['dist', 'package.json', 'browser.js']) {
    cpSync(path.join(root, part), path.join(target, part), { recursive: true });
  }
  if (withAddon) {
    const platform = path.join(folder, name, 'node_modules', `ferrows-linux-${process.arch}-gnu`);
    mkdirSync(platform, { recursive: true });
    cpSync(path.join(root, 'build', 'ferrows.node'), path.join(platform, 'ferrows.node'));
    writeFileSync(path.join(platform, 'package.json'), '{"main":"ferrows.node"}');
  }
  return path.join(folder, name);
}

function app(name: string, code: string): string {
  const file = path.join(folder, name);
  writeFileSync(file, code);
  return file;
}

describe('an installation', () => {
  it('uses the package of its platform', async () => {
    const home = install('with', true);
    writeFileSync(path.join(home, 'app.cjs'), echo('ferrows'));
    const { length, backend } = await execute(path.join(home, 'app.cjs'));
    expect(length).toBe(300);
    expect(backend.endpoint).toBe('native');
    expect(backend.reason).toMatch(/^loaded ferrows-linux-/);
  });

  it('works without it, as after --omit=optional, and says why', async () => {
    const home = install('without', false);
    writeFileSync(path.join(home, 'app.cjs'), echo('ferrows'));
    const { length, backend, stderr } = await execute(path.join(home, 'app.cjs'));
    expect(length).toBe(300);
    expect(backend.endpoint).toBe('portable');
    expect(backend.reason).toContain('is not there');
    expect(stderr).toBe('');
  });

  it('tells its choice with NODE_DEBUG=ferrows', async () => {
    const home = install('debug', false);
    writeFileSync(path.join(home, 'app.cjs'), echo('ferrows'));
    const { stderr } = await execute(path.join(home, 'app.cjs'), [], { NODE_DEBUG: 'ferrows' });
    expect(stderr).toMatch(/FERROWS \d+: \{"endpoint":"portable"/);
  });

  it('may be there twice in one process', async () => {
    const first = install('twice-a', true);
    const second = install('twice-b', true);
    const script = app(
      'twice.cjs',
      `const a = require(${JSON.stringify(path.join(first, 'node_modules', 'ferrows'))});
       const b = require(${JSON.stringify(path.join(second, 'node_modules', 'ferrows'))});
       if (a === b) throw new Error('one copy');
       const server = new a.Server({ host: '127.0.0.1', port: 0 }, () => {
         const client = new b('ws://127.0.0.1:' + server.address().port);
         client.on('open', () => client.send('both'));
         client.on('message', (data) => {
           const both = a.backend.endpoint + ' ' + b.backend.endpoint;
           console.log(JSON.stringify({ length: data.length, backend: { endpoint: both } }));
           client.close();
           server.close();
         });
       });
       server.on('connection', (ws) => ws.on('message', (data) => ws.send(data)));`
    );
    const { length, backend } = await execute(script);
    expect(length).toBe(4);
    expect(backend.endpoint).toBe('native native');
  });
});

describe('a bundle', () => {
  for (const withAddon of [true, false]) {
    const kind = withAddon ? 'with the addon beside it' : 'without the addon';

    it(`of esbuild runs ${kind}, without a warning`, async () => {
      const home = install(`esbuild-${withAddon}`, withAddon);
      const entry = path.join(home, 'entry.cjs');
      writeFileSync(entry, echo('ferrows'));
      const outfile = path.join(home, 'bundle.cjs');
      const result = await esbuild.build({
        entryPoints: [entry],
        bundle: true,
        platform: 'node',
        outfile,
        logLevel: 'silent'
      });
      expect([...result.errors, ...result.warnings]).toEqual([]);
      const { length, backend } = await execute(outfile);
      expect(length).toBe(300);
      expect(backend.endpoint).toBe(withAddon ? 'native' : 'portable');
    });

    it(`of webpack runs ${kind}, without a warning`, async () => {
      const home = install(`webpack-${withAddon}`, withAddon);
      const entry = path.join(home, 'entry.cjs');
      writeFileSync(entry, echo('ferrows'));
      const stats = await new Promise<webpack.Stats>((resolve, reject) => {
        webpack(
          {
            mode: 'production',
            target: 'node',
            context: home,
            entry,
            output: { path: home, filename: 'bundle.cjs' }
          },
          (error, result) => (error ? reject(error) : resolve(result!))
        );
      });
      const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
      expect([...(errors ?? []), ...(warnings ?? [])].map(({ message }) => message)).toEqual([]);
      const { length, backend } = await execute(path.join(home, 'bundle.cjs'));
      expect(length).toBe(300);
      expect(['native', 'portable']).toContain(backend.endpoint);
      if (!withAddon) expect(backend.endpoint).toBe('portable');
    });
  }
});

describe('worker threads', () => {
  it('load the addon, use it and end, hundreds of times, in bounded memory', async () => {
    const script = app(
      'workers.cjs',
      `const { Worker, isMainThread, parentPort } = require('node:worker_threads');
       if (!isMainThread) {
         const WebSocket = require(${JSON.stringify(root)});
         const server = new WebSocket.Server({ host: '127.0.0.1', port: 0 }, () => {
           const client = new WebSocket('ws://127.0.0.1:' + server.address().port);
           client.on('open', () => client.send('hello'));
           client.on('message', () => {
             // Ends with a connection open.
             parentPort.postMessage(WebSocket.backend.endpoint);
             process.exit();
           });
         });
         server.on('connection', (ws) => ws.on('message', (data) => ws.send(data)));
       } else {
         (async () => {
           const seen = new Set();
           let middle = 0;
           for (let i = 0; i < 300; i += 4) {
             await Promise.all([1, 2, 3, 4].map(() => new Promise((resolve, reject) => {
               const worker = new Worker(__filename);
               worker.on('message', (endpoint) => seen.add(endpoint));
               worker.on('error', reject);
               worker.on('exit', resolve);
             })));
             if (i === 148) middle = process.memoryUsage().rss;
           }
           const grown = (process.memoryUsage().rss - middle) / 2 ** 20;
           console.log(JSON.stringify({ length: Math.round(grown), backend: { endpoint: [...seen].join() } }));
         })();
       }`
    );
    const { length: grownMiB, backend } = await execute(script);
    expect(backend.endpoint).toBe('native');
    expect(grownMiB).toBeLessThan(100);
  }, 120_000);
});
