/** Brings a checkout to the state that the demo and the tests need. */

import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the checkout. */
export const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..');

/** What dist/ is made of. */
const SOURCES = ['src', 'tsup.config.ts', 'package.json'];
const BUILT = ['dist/index.js', 'dist/index.mjs'];

/** The addon and what it is made of, where there is a Rust toolchain. */
const NATIVE_SOURCES = [
  'crates/node',
  'crates/protocol',
  'crates/reactor',
  'crates/zlib',
  'Cargo.lock'
];
const NATIVE_BUILT = ['build/ferrows.node'];

/**
 * Installs the packages of the lock file unless they are there, and builds what is stale. Throws if
 * either fails.
 */
export function ready() {
  if (!installed()) run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund']);
  if (stale()) run('npm', ['run', '--silent', 'build']);
}

/** The file that `package` runs as its command `name`. */
export function command(packageName, name) {
  const folder = path.join(root, 'node_modules', packageName);
  const { bin } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  return path.join(folder, typeof bin === 'string' ? bin : bin[name]);
}

/** Whether every package of the lock file is installed in the version it names. */
function installed() {
  const record = path.join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(record)) return false;
  const wanted = packagesOf(path.join(root, 'package-lock.json'));
  const present = packagesOf(record);
  return Object.entries(wanted).every(
    ([name, { version, optional }]) =>
      name === '' || present[name]?.version === version || (optional && !(name in present))
  );
}

function packagesOf(lockFile) {
  return JSON.parse(readFileSync(lockFile, 'utf8')).packages;
}

function stale() {
  if (older(BUILT, SOURCES)) return true;
  const cargo = spawnSync('cargo', ['--version']).status === 0;
  return cargo && older(NATIVE_BUILT, NATIVE_SOURCES);
}

/** Whether something built is missing or older than one of its sources. */
function older(names, sources) {
  const built = names.map((name) => path.join(root, name));
  if (!built.every((file) => existsSync(file))) return true;
  const oldest = Math.min(...built.map(changedAt));
  return sources.some((name) => newest(path.join(root, name)) > oldest);
}

function newest(file) {
  if (!statSync(file).isDirectory()) return changedAt(file);
  return Math.max(...readdirSync(file).map((name) => newest(path.join(file, name))));
}

function changedAt(file) {
  return statSync(file).mtimeMs;
}

function run(file, args) {
  const { status, error } = spawnSync(file, args, {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32'
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`${file} ${args.join(' ')} has failed`);
}
