import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

export const root = path.join(__dirname, '..', '..');

const programs = path.join(__dirname, 'programs');

export interface Tarball {
  /** Absolute path of the .tgz. */
  file: string;
  /** What is in it, relative to the package's root. */
  paths: string[];
  remove(): void;
}

/** Packs the package the way it is published. */
export async function pack(): Promise<Tarball> {
  const folder = temporary();
  const { stdout } = await npm(root, 'pack', '--json', '--pack-destination', folder);
  const [{ filename, files }] = JSON.parse(stdout) as [
    { filename: string; files: { path: string }[] }
  ];
  return {
    file: path.join(folder, filename),
    paths: files.map(({ path }) => path).sort(),
    remove: () => rmSync(folder, { recursive: true })
  };
}

/** A user's project in a folder of its own, with the programs of test/package/programs in it. */
export class Project {
  readonly folder = temporary();

  /** `manifest` is its package.json. Installs what that asks for, from npm's cache if it can. */
  static async install(manifest: object, locked: Record<string, unknown> = {}): Promise<Project> {
    const project = new Project();
    const named = { name: 'project', version: '1.0.0', private: true, ...manifest };
    project.write('package.json', JSON.stringify(named));
    project.write(
      'package-lock.json',
      JSON.stringify({ name: 'project', version: '1.0.0', lockfileVersion: 3, packages: locked })
    );
    cpSync(programs, project.folder, { recursive: true });
    await npm(project.folder, 'install', '--prefer-offline', '--no-audit', '--no-fund');
    return project;
  }

  write(file: string, text: string): void {
    writeFileSync(path.join(this.folder, file), text);
  }

  /** What the package in node_modules/`name` says of itself. */
  manifest(name: string): Record<string, any> {
    const file = path.join(this.folder, 'node_modules', name, 'package.json');
    return JSON.parse(readFileSync(file, 'utf8'));
  }

  /** Runs a program with Node.js and returns what it prints, parsed. Rejects if it fails. */
  async run(
    [...args]: readonly string[],
    env: Record<string, string> = {}
  ): Promise<Record<string, unknown>> {
    const { WS_NO_NATIVE, WS_NO_BUFFER_UTIL, WS_NO_UTF_8_VALIDATE, NODE_OPTIONS, ...inherited } =
      process.env;
    const { stdout } = await execute(process.execPath, args, {
      cwd: this.folder,
      env: { ...inherited, ...env },
      timeout: 20_000
    });
    return JSON.parse(stdout);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}

/** The versions of `names` that this repository is tested with. */
export function versions(...names: string[]): Record<string, string> {
  return Object.fromEntries(names.map((name) => [name, lockedPackages()[modules(name)].version]));
}

/**
 * This repository's lock file without any `ws`: a project that starts from it needs no registry to
 * find the versions of everything else.
 */
export function lockWithoutWs(): Record<string, unknown> {
  const isOther = ([name]: [string, unknown]) =>
    name !== '' && !/(^|\/)node_modules\/ws$/.test(name);
  return Object.fromEntries(Object.entries(lockedPackages()).filter(isOther));
}

function lockedPackages(): Record<string, { version: string }> {
  return JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')).packages;
}

function modules(name: string): string {
  return `node_modules/${name}`;
}

function npm(cwd: string, ...args: string[]): Promise<{ stdout: string }> {
  return execute('npm', args, { cwd, shell: process.platform === 'win32', timeout: 110_000 });
}

function temporary(): string {
  return mkdtempSync(path.join(tmpdir(), 'ferrows-package-'));
}
