import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Binding } from './endpoint/native/binding.js';
import { VERSION } from './version.js';

/** The addon, or why there is none. */
export type Loaded =
  | { readonly binding: Binding; readonly reason: string }
  | { readonly binding: null; readonly reason: string };

/**
 * Looks for the addon where a developer says it is, else in the local build, else in the package of
 * this platform, and checks the first one found. Never throws, and never stands in the way of a
 * bundler: what is loaded is known at run time only.
 */
export function loadNative(environment: NodeJS.ProcessEnv = process.env): Loaded {
  if (environment.WS_NO_NATIVE) return refused('WS_NO_NATIVE is set');
  const path = environment.FERROWS_NATIVE_LIBRARY_PATH;
  const candidates = path
    ? [path]
    : [join(__dirname, '..', 'build', 'ferrows.node'), ...platformPackages()];

  const problems: string[] = [];
  for (const candidate of candidates) {
    const problem = tryLoad(candidate);
    if (typeof problem !== 'string') return { binding: problem, reason: `loaded ${candidate}` };
    problems.push(problem);
  }
  return refused(problems.join('; '));
}

function refused(reason: string): Loaded {
  return { binding: null, reason };
}

/** At most one of them is installed: npm looks at `os`, `cpu` and `libc`. */
function platformPackages(): string[] {
  const name = `ferrows-${process.platform}-${process.arch}`;
  switch (process.platform) {
    case 'linux':
      return [`${name}-gnu`, `${name}-musl`];
    case 'win32':
      return [`${name}-msvc`];
    default:
      return [name];
  }
}

function tryLoad(candidate: string): Binding | string {
  let loaded: unknown;
  try {
    loaded = createRequire(__filename)(candidate);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'MODULE_NOT_FOUND') return `${candidate} is not there`;
    return `${candidate} cannot be loaded (${String(message ?? error).split('\n')[0]})`;
  }
  return isComplete(loaded) ? check(loaded, candidate) : `${candidate} is not the addon`;
}

/** A bundler's stub, or an addon that did not register, loads as an object without its functions. */
function isComplete(loaded: unknown): loaded is Binding {
  const binding = loaded as Partial<Binding> | null | undefined;
  return (
    typeof binding === 'object' &&
    binding !== null &&
    typeof binding.VERSION === 'string' &&
    typeof binding.mask === 'function' &&
    typeof binding.unmask === 'function' &&
    typeof binding.isValidUTF8 === 'function' &&
    typeof binding.Endpoints === 'function'
  );
}

function check(binding: Binding, candidate: string): Binding | string {
  if (binding.VERSION !== VERSION) {
    return `${candidate} has version ${binding.VERSION}, not ${VERSION}`;
  }
  try {
    return answersCorrectly(binding) ? binding : `${candidate} gives wrong answers`;
  } catch (error) {
    return `${candidate} does not work (${String((error as Error)?.message ?? error)})`;
  }
}

/** The masked "Hello" of RFC 6455 §5.7, through everything the addon does. */
function answersCorrectly(binding: Binding): boolean {
  const key = Buffer.from('37fa213d', 'hex');
  const masked = Buffer.from('7f9f4d5158', 'hex');
  const frame = Buffer.concat([Buffer.from('8185', 'hex'), key, masked]);

  const output = Buffer.alloc(6);
  binding.mask(masked, key, output, 1, 5);
  binding.unmask(masked, key);
  if (masked.toString('latin1') !== 'Hello') return false;
  if (output.toString('latin1', 1) !== 'Hello') return false;
  if (!binding.isValidUTF8(masked) || binding.isValidUTF8(key)) return false;

  const table = new Int32Array(64);
  const endpoints = new binding.Endpoints(table, Buffer.allocUnsafeSlow(8192));
  const id = endpoints.open(0, 0, 0, 0);
  const rows = endpoints.decode(id, frame, 0);
  endpoints.close(id);
  return (
    rows === 1 && table[0] === frame.length && frame.toString('latin1', table[5], 11) === 'Hello'
  );
}
