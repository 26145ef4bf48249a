/** Programs compiled as a user of the package would: in a project of their own. */

import { execFile } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';

export const root = path.resolve(__dirname, '../..');
const dependencies = path.join(root, 'node_modules');

/** TypeScript as it is developed now, and the oldest one `@types/ws` 8.18.2 supports. */
export const compilers = {
  'TypeScript 7': path.join(dependencies, 'typescript/bin/tsc'),
  'TypeScript 5.6': oldCompiler()
};

/** How a project resolves and compiles its imports. */
export const modes = {
  CommonJS: { module: 'NodeNext' },
  'CommonJS without esModuleInterop': {
    module: 'CommonJS',
    moduleResolution: 'Node10',
    esModuleInterop: false
  },
  'ES modules': { module: 'NodeNext' },
  'a bundler': { module: 'ESNext', moduleResolution: 'Bundler' }
};

export interface Project {
  compiler: keyof typeof compilers;
  mode: keyof typeof modes;
  /** Folder with the programs, beside this file; or one program. */
  programs?: string;
  source?: string;
  /** What is installed besides `@types/node`: a name and where in this repository it is. */
  packages: Record<string, string>;
  /** Whether to check declarations by themselves, too. */
  checkDeclarations?: boolean;
}

/** What the compiler says about a project: nothing when there is nothing wrong. */
export async function diagnose(project: Project): Promise<string> {
  const { compiler, mode, programs, source, packages, checkDeclarations = false } = project;
  const folder = mkdtempSync(path.join(tmpdir(), 'ferrows-types-'));
  try {
    const modules = path.join(folder, 'node_modules');
    mkdirSync(path.join(modules, '@types'), { recursive: true });
    const installed = { '@types/node': 'node_modules/@types/node', ...packages };
    for (const [name, place] of Object.entries(installed)) {
      symlinkSync(path.join(root, place), path.join(modules, name), 'dir');
    }
    const sources = path.join(folder, 'src');
    mkdirSync(sources);
    if (programs) cpSync(path.join(__dirname, programs), sources, { recursive: true });
    if (source) writeFileSync(path.join(sources, 'source.ts'), source);
    writeJson(path.join(folder, 'package.json'), {
      type: mode === 'ES modules' || mode === 'a bundler' ? 'module' : 'commonjs'
    });
    writeJson(path.join(folder, 'tsconfig.json'), {
      compilerOptions: {
        target: 'ES2022',
        lib: ['ES2023'],
        types: ['node'],
        strict: true,
        noImplicitOverride: true,
        noUncheckedIndexedAccess: true,
        exactOptionalPropertyTypes: true,
        noEmit: true,
        skipLibCheck: !checkDeclarations,
        ...modes[mode]
      },
      include: ['src']
    });
    return await run(compilers[compiler], folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function run(compiler: string, folder: string): Promise<string> {
  const argv = [compiler, '--pretty', 'false', '--project', folder];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, argv, { cwd: folder }, (error, stdout, stderr) => {
      if (stderr !== '') reject(new Error(stderr));
      else if (error !== null && stdout === '') reject(error);
      else resolve(stdout);
    });
  });
}

function writeJson(file: string, value: object): void {
  writeFileSync(file, JSON.stringify(value));
}

/** The one that `@arethetypeswrong/cli` brings along. */
function oldCompiler(): string {
  const inside = path.join(dependencies, '@arethetypeswrong/core/package.json');
  if (!existsSync(inside)) throw new Error('@arethetypeswrong/cli is not installed');
  return createRequire(inside).resolve('typescript/bin/tsc');
}
