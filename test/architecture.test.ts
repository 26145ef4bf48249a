import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ERRORS } from '../src/endpoint/errors.js';

const root = join(__dirname, '..');

/** Every source file by its path below src/, with the modules it imports, by theirs. */
const sources = new Map<string, string[]>(
  readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.m?ts$/.test(name))
    .map((name) => [name.replaceAll('\\', '/'), importsOf(name)])
);

function importsOf(name: string): string[] {
  const text = readFileSync(join(root, 'src', name), 'utf8');
  return [...text.matchAll(/^(?:import|export|\} from)[^;]*?'(\.[^']+)';/gm)].map(([, specifier]) =>
    relative('.', join(dirname(name), specifier))
      .replaceAll('\\', '/')
      .replace(/\.(m?)js$/, '.$1ts')
  );
}

/**
 * What each part may import, besides itself: imports point down. The first entry that a path begins
 * with is the part it belongs to.
 */
const MAY_IMPORT: [part: string, allowed: string[]][] = [
  ['index', ['index.ts', 'api/', 'handshake/', 'endpoint/', 'select.ts']],
  ['api/', ['handshake/', 'endpoint/', 'transport/', 'select.ts']],
  // The choice of a pair is the one place that knows all of them.
  ['select.ts', ['endpoint/', 'transport/', 'load-native.ts']],
  ['load-native.ts', ['endpoint/native/binding.ts', 'version.ts']],
  ['handshake/', ['endpoint/', 'transport/contract.ts']],
  ['transport/reactor/', ['transport/', 'endpoint/contract.ts', 'endpoint/native/']],
  ['transport/', ['endpoint/contract.ts', 'endpoint/buffer.ts']],
  ['endpoint/', ['optional.ts']],
  ['optional.ts', []],
  ['version.ts', []]
];

describe('imports', () => {
  it.each([...sources.keys()])('of src/%s point down', (name) => {
    const [part, allowed] = MAY_IMPORT.find(([prefix]) => name.startsWith(prefix)) ?? [name, []];
    const upward = sources
      .get(name)!
      .filter((target) => ![part, ...allowed].some((prefix) => target.startsWith(prefix)));
    expect(upward).toEqual([]);
  });

  it('name files that exist', () => {
    const missing = [...sources].flatMap(([, targets]) => targets).filter((t) => !sources.has(t));
    expect(missing).toEqual([]);
  });

  it('of select.ts are the business of the api and of the index only', () => {
    const importers = [...sources].filter(([, targets]) => targets.includes('select.ts'));
    expect(
      importers.map(([name]) => name).filter((name) => !/^(api\/|index\.)/.test(name))
    ).toEqual([]);
  });

  it('form no circle', () => {
    const done = new Set<string>();
    const visit = (name: string, path: string[]): string[] => {
      if (path.includes(name)) return [...path.slice(path.indexOf(name)), name];
      if (done.has(name)) return [];
      for (const target of sources.get(name) ?? []) {
        const circle = visit(target, [...path, name]);
        if (circle.length > 0) return circle;
      }
      done.add(name);
      return [];
    };
    expect([...sources.keys()].flatMap((name) => visit(name, []))).toEqual([]);
  });

  it('are found at all', () => {
    expect(sources.get('api/connection.ts')).toContain('select.ts');
    expect(sources.get('endpoint/portable/parser.ts')).toContain('endpoint/delivery.ts');
    const count = [...sources.keys()]
      .map((name) => readFileSync(join(root, 'src', name), 'utf8'))
      .reduce((sum, text) => sum + [...text.matchAll(/ from '\./g)].length, 0);
    expect([...sources.values()].flat()).toHaveLength(count);
  });
});

describe('size', () => {
  it.each([...sources.keys()])('src/%s has at most 400 lines', (name) => {
    const lines = readFileSync(join(root, 'src', name), 'utf8').split('\n').length - 1;
    expect(lines).toBeLessThanOrEqual(400);
  });
});

/** Modules without a test of the same path, and why. */
const TESTED_ELSEWHERE: Record<string, string> = {
  'endpoint/contract.ts': 'types only',
  'endpoint/native/binding.ts': 'types only',
  'endpoint/native/table.ts': 'constants that the addon is compared with when it is loaded',
  'endpoint/opcode.ts': 'constants, used by every test of frames',
  'handshake/taken.ts': 'one symbol; what it is for is tested in api/websocket-server.test.ts',
  'transport/contract.ts': 'types only',
  'index.mts': 'works from dist/ only: test/package imports it',
  'version.ts': 'one constant; load-native.test.ts compares it'
};

describe('tests', () => {
  const testOf = (name: string) => join('test', name.replace(/\.m?ts$/, '.test.ts'));

  it.each([...sources.keys()].filter((name) => !Object.hasOwn(TESTED_ELSEWHERE, name)))(
    'there is one of the path of src/%s',
    (name) => {
      expect(existsSync(join(root, testOf(name)))).toBe(true);
    }
  );

  it('are missing only where a reason says so, and the module still exists', () => {
    const stale = Object.keys(TESTED_ELSEWHERE).filter(
      (name) => !sources.has(name) || (name !== 'index.mts' && existsSync(join(root, testOf(name))))
    );
    expect(stale).toEqual([]);
  });

  it('of the contract suite assert which pair they run on', () => {
    const folder = join(root, 'test', 'contract');
    const careless = readdirSync(folder)
      .filter((name) => name.endsWith('.test.ts'))
      .filter((name) => {
        const text = readFileSync(join(folder, name), 'utf8');
        return !/from '\.\/(library|pair|raw-peer|raw-memory|browser)\.js'/.test(text);
      });
    expect(careless).toEqual([]);
  });
});

describe('doc/errors.md', () => {
  const text = readFileSync(join(root, 'doc', 'errors.md'), 'utf8');

  it('has the table of src/endpoint/errors.ts, in its order', () => {
    const rows = [...text.matchAll(/^\| `(WS_\w+)` \| (\d+) \| `(\w+)` \| (.+) \|$/gm)];
    expect(rows.map(([, code, status, name, message]) => [code, status, name, message])).toEqual(
      ERRORS.map(({ code, message, range, status }) => [
        code,
        String(status),
        range ? 'RangeError' : 'Error',
        message
      ])
    );
  });

  it('says of every code what it means', () => {
    const explained = [...text.matchAll(/^- `(WS_\w+)`: /gm)].map(([, code]) => code);
    expect(explained).toEqual([...new Set(ERRORS.map(({ code }) => code))]);
  });
});
