import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import * as stock from 'ws';
import { CLIENT_DEFAULTS, SERVER_DEFAULTS } from '../../src/handshake/options.js';
import * as ferrows from '../../src/index.js';
import { root } from './project.js';

const api = readFileSync(path.join(root, 'doc/api.md'), 'utf8');
const readme = readFileSync(path.join(root, 'README.md'), 'utf8');
const types = readFileSync(path.join(root, 'types/index.d.ts'), 'utf8');

describe('doc/api.md', () => {
  it('names every export', () => {
    const names = Object.keys(ferrows.WebSocket).filter((name) => !/^[A-Z]+$/.test(name));
    expect(names.length).toBeGreaterThan(8);
    for (const name of names) expect(section('## Exports')).toContain(`\`${name}\``);
  });

  it.each([
    ['websocket', ferrows.WebSocket.prototype, stock.WebSocket.prototype],
    ['server', ferrows.WebSocketServer.prototype, stock.WebSocketServer.prototype]
  ])('has a heading for each public member of a %s', (variable, prototype, stockPrototype) => {
    const documented = headings().flatMap((heading) =>
      [...heading.matchAll(new RegExp(`\\b${variable}\\.(\\w+)`, 'g'))].map(([, name]) => name)
    );
    for (const name of Object.getOwnPropertyNames(stockPrototype).filter(isPublic)) {
      expect(documented).toContain(name);
    }
    // Set in the constructor of the server.
    const own = ['clients', 'options'];
    for (const name of documented) expect(name in prototype || own.includes(name)).toBe(true);
  });

  it.each([
    ['WebSocketServer', '## Class: WebSocketServer\n', types.slice(types.indexOf('class Server<'))],
    ['WebSocket', '## Class: WebSocket\n', types.slice(0, types.indexOf('class Server<'))]
  ])('has a heading for each event of a %s', (_, chapter, declarations) => {
    const typed = [...declarations.matchAll(/^ +on\(\s*event: ((?:'[\w-]+'(?: \| )?)+)/gm)].flatMap(
      ([, literals]) => literals.split(' | ')
    );
    const documented = [...section(chapter).matchAll(/^### Event: ('[\w-]+')$/gm)].map(
      ([, name]) => name
    );
    expect(documented).toEqual(typed.sort());
  });

  it('states the defaults of a server', () => {
    const documented = defaults(section('### new WebSocketServer'), section('## Options of both'));
    expect(documented).toEqual({ ...SERVER_DEFAULTS, WebSocket: ferrows.WebSocket });
  });

  it('states the defaults of a client', () => {
    const documented = defaults(section('### new WebSocket('), section('## Options of both'));
    expect(documented).toEqual(CLIENT_DEFAULTS);
  });
});

describe('README.md', () => {
  it('and doc/api.md describe every environment variable that is read', () => {
    const sources = readdirSync(path.join(root, 'src'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(path.join(entry.parentPath, entry.name), 'utf8'))
      .join('\n');
    const read = [...sources.matchAll(/\benv(?:ironment)?\.([A-Z_0-9]+)/g)].map(([, name]) => name);
    expect(read).toContain('WS_NO_NATIVE');
    for (const name of read) expect(`${readme}${api}`).toContain(`\`${name}\``);
  });
});

function headings(): string[] {
  return [...api.matchAll(/^#+ (.+)$/gm)].map(([, text]) => text);
}

/** From the heading that begins with `start` to the next one of its level or above. */
function section(start: string): string {
  const at = api.indexOf(`\n${start}`);
  expect(at).toBeGreaterThan(-1);
  const level = start.indexOf(' ');
  const rest = api.slice(at + start.length + 1);
  const end = rest.search(new RegExp(`^#{1,${level}} `, 'm'));
  return end === -1 ? rest : rest.slice(0, end);
}

/** The options in the tables of `sections` that have a default, with it. */
function defaults(...sections: string[]): Record<string, unknown> {
  const rows = sections.flatMap((text) => [
    ...text.matchAll(/^\| `(\w+)` \| \**`?([^|`*]+)`?\** \|/gm)
  ]);
  return Object.fromEntries(rows.map(([, name, value]) => [name, valueOf(value)]));
}

function valueOf(source: string): unknown {
  if (source === 'WebSocket') return ferrows.WebSocket;
  return JSON.parse(source.replaceAll("'", '"'));
}

function isPublic(name: string): boolean {
  // Called by others, but ws documents none of these.
  const internal = ['constructor', 'completeUpgrade', 'emitClose'];
  return !/^_|^[A-Z]+$/.test(name) && !internal.includes(name);
}
