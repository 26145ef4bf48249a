import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { root, targets } from '../../scripts/npm-packages.mjs';

const text = (name: string) => readFileSync(path.join(root, name), 'utf8');
const release = text('.github/workflows/release.yml');
const { scripts } = JSON.parse(text('package.json')) as { scripts: Record<string, string> };

describe('the release workflow', () => {
  it('builds for every target of npm/targets.json, which it names nowhere itself', () => {
    expect(release).toContain('echo "list=$(jq -c . npm/targets.json)" >> "$GITHUB_OUTPUT"');
    expect(release).toContain('include: ${{ fromJSON(needs.targets.outputs.list) }}');
    expect(release).toContain('npm run build:native -- --target ${{ matrix.target }}');
    for (const entry of targets) {
      expect(release).not.toContain(entry.target);
      expect(release).not.toContain(entry.package);
    }
  });

  it('has a machine for the system of every target', () => {
    const [, machines] = /runs-on: \$\{\{ fromJSON\('(.*)'\)\[matrix\.os\] \}\}/.exec(release)!;
    expect(Object.keys(JSON.parse(machines)).sort()).toEqual(
      [...new Set(targets.map(({ os }) => os))].sort()
    );
  });

  it('takes names and properties from the list that are in it', () => {
    const named = [...release.matchAll(/matrix\.(\w+)/g)].map(([, name]) => name);
    expect(named).toContain('package');
    for (const name of named) {
      expect(targets.some((entry) => name in entry)).toBe(true);
    }
    const pattern = /pattern: (.*)/.exec(release)![1].replace('*', '.*');
    for (const entry of targets) expect(entry.package).toMatch(new RegExp(`^${pattern}$`));
  });

  it('publishes nothing unless all are built, and ferrows last, with provenance', () => {
    const publish = release.slice(release.indexOf('\n  publish:'));
    expect(publish).toMatch(/needs: \[everything, build\]/);
    expect(publish).toMatch(/--stage staged --all/);
    expect(publish).toMatch(/id-token: write/);
    expect(publish).toMatch(/for folder in staged\/ferrows-\* staged\/ferrows; do/);
    expect(publish).toMatch(/npm publish .* --provenance/);
  });
});

describe.each(['ci', 'release'])('%s.yml', (name) => {
  const workflow = text(`.github/workflows/${name}.yml`);

  it('runs scripts that exist', () => {
    const run = [...workflow.matchAll(/npm run ([\w:-]+)/g)].map(([, script]) => script);
    expect(run.length).toBeGreaterThan(0);
    expect(run.filter((script) => !(script in scripts))).toEqual([]);
    const files = [...workflow.matchAll(/(?:node|bash) ([\w./-]+\/[\w.-]+)/g)];
    expect(files.length).toBeGreaterThan(0);
    for (const [, file] of files) expect(existsSync(path.join(root, file))).toBe(true);
  });

  it('names every action with its major version', () => {
    const actions = [...workflow.matchAll(/uses: (.*)/g)].map(([, action]) => action);
    expect(actions.length).toBeGreaterThan(0);
    expect(actions.filter((action) => !/^actions\/[\w-]+@v\d+$/.test(action))).toEqual([]);
  });
});
