/**
 * The platform packages, all of them made from npm/targets.json.
 *
 *     node scripts/npm-packages.mjs            writes npm/<package>/package.json and README.md
 *     node scripts/npm-packages.mjs --stage D  copies to D what is published: the platform packages
 *                                              whose addon has been built, and ferrows with them as
 *                                              optional dependencies; with --all it fails unless
 *                                              every addon has been built
 *
 * package.json in the repository does not name the platform packages: a lock file cannot hold what has
 * not been published, and a checkout builds its own addon.
 */

import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

export const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');
export const targets = readJson('npm/targets.json');

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: { stage: { type: 'string' }, all: { type: 'boolean', default: false } }
  });
  if (values.stage === undefined) writeFolders();
  else stage(path.resolve(values.stage), { all: values.all });
}

/** The package.json of the platform package of `entry`, for the version of the main package. */
export function manifest(entry) {
  const main = readJson('package.json');
  return {
    name: entry.package,
    version: main.version,
    description: `The native addon of ferrows for ${entry.target}`,
    license: main.license,
    ...(main.repository && { repository: main.repository }),
    main: 'ferrows.node',
    files: ['ferrows.node'],
    engines: main.engines,
    os: [entry.os],
    cpu: [entry.cpu],
    ...(entry.libc && { libc: [entry.libc] })
  };
}

export function readme(entry) {
  return `# ${entry.package}\n\nThe native addon of ferrows for \`${entry.target}\`. It is installed with \`ferrows\` where it fits.\n`;
}

/** The main package's package.json as it is published. */
export function publishedManifest() {
  const main = readJson('package.json');
  delete main.devDependencies;
  delete main.scripts;
  const optionalDependencies = Object.fromEntries(
    targets.map((entry) => [entry.package, main.version])
  );
  return { ...main, optionalDependencies };
}

function writeFolders() {
  for (const entry of targets) {
    const folder = path.join(root, 'npm', entry.package);
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, 'package.json'), text(manifest(entry)));
    writeFileSync(path.join(folder, 'README.md'), readme(entry));
  }
}

/**
 * Lays out in `destination` what is published. `addonOf` has the file of the addon for a target; if there
 * is none, the target is left out, or with `all` this throws.
 */
export function stage(destination, { addonOf = built, all = false } = {}) {
  const repository = repositoryOfRun();
  for (const entry of targets) {
    const addon = addonOf(entry);
    if (!existsSync(addon)) {
      if (all) throw new Error(`${entry.package}: ${addon} has not been built`);
      console.log(`${entry.package}: not built, left out`);
      continue;
    }
    const folder = path.join(destination, entry.package);
    mkdirSync(folder, { recursive: true });
    writeFileSync(path.join(folder, 'package.json'), text({ ...repository, ...manifest(entry) }));
    writeFileSync(path.join(folder, 'README.md'), readme(entry));
    copyFileSync(addon, path.join(folder, 'ferrows.node'));
  }
  const folder = path.join(destination, 'ferrows');
  const main = publishedManifest();
  mkdirSync(folder, { recursive: true });
  for (const name of [...main.files, 'README.md', 'LICENSE']) {
    cpSync(path.join(root, name), path.join(folder, name), { recursive: true });
  }
  writeFileSync(path.join(folder, 'package.json'), text({ ...repository, ...main }));
}

/** npm's provenance requires that a package names the repository whose workflow publishes it. */
function repositoryOfRun() {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: name } = process.env;
  return server && name ? { repository: { type: 'git', url: `git+${server}/${name}.git` } } : {};
}

function built(entry) {
  return path.join(root, 'build', entry.package, 'ferrows.node');
}

function readJson(name) {
  return JSON.parse(readFileSync(path.join(root, name), 'utf8'));
}

function text(value) {
  return `${JSON.stringify(value, null, 2)}\n`;
}
