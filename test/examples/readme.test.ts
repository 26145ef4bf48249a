import { existsSync, readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { codeBlocks } from './markdown.js';

const root = path.join(__dirname, '..', '..');
const readme = read('README.md');
const examples = readdirSync(path.join(root, 'examples'));

describe('README.md', () => {
  it('shows every example as it is, and no other program', () => {
    const shown = codeBlocks(readme).filter(({ language }) => language === 'js');
    expect(shown.map(({ label }) => label).sort()).toEqual(
      examples.map((file) => `examples/${file}`)
    );
    for (const { label, code } of shown) expect(code).toBe(read(label!));
  });

  it('names commands that exist', () => {
    const { name, scripts } = JSON.parse(read('package.json'));
    const commands = codeBlocks(readme)
      .filter(({ language }) => language === 'sh')
      .flatMap(({ code }) => code.trimEnd().split('\n'));
    expect(commands).toEqual(['npm run demo', 'npm test', `npm install ${name}`]);
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(['demo', 'test']));
  });

  it('has no code block that no test knows', () => {
    // Those in JSON are installed by test/package/overrides.test.ts.
    const known = ['js', 'sh', 'json'];
    const languages = codeBlocks(readme).map(({ language }) => language);
    expect(languages.filter((language) => !known.includes(language))).toEqual([]);
  });
});

describe('examples/', () => {
  it('has a test for every program', () => {
    const tests = ['clients.test.ts', 'servers.test.ts']
      .map((file) => readFileSync(path.join(__dirname, file), 'utf8'))
      .join();
    for (const file of examples) expect(tests).toContain(`new Program('${file}'`);
  });
});

describe.each(['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', 'doc/api.md'])(
  'the links of %s',
  (file) => {
    const links = [...read(file).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target);

    it('lead to files that exist', () => {
      const missing = links
        .filter((link) => !/^(https:|#)/.test(link))
        .map((link) => path.posix.join(path.posix.dirname(file), link.split('#')[0]))
        .filter((target) => !existsSync(path.join(root, target)));
      expect(missing).toEqual([]);
    });

    it('lead to headings that exist', () => {
      const broken = links.filter((link) => {
        const [target, heading] = link.split('#');
        if (heading === undefined || /^https:/.test(link)) return false;
        const page = target ? path.posix.join(path.posix.dirname(file), target) : file;
        return !existsSync(path.join(root, page)) || !anchors(read(page)).includes(heading);
      });
      expect(broken).toEqual([]);
    });
  }
);

/** The anchors of a page's headings, as GitHub makes them. */
function anchors(markdown: string): string[] {
  return [...markdown.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-')
  );
}

function read(file: string): string {
  return readFileSync(path.join(root, file), 'utf8');
}
