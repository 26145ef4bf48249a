export interface Target {
  /** Rust's name of it. */
  target: string;
  /** The npm package that holds the addon for it. */
  package: string;
  os: NodeJS.Platform;
  cpu: string;
  libc?: 'glibc' | 'musl';
  /**
   * Whether all tests have run on it, or test/npm/smoke.cjs; of the others it is known only that they
   * can be built.
   */
  tested: 'all' | 'smoke' | false;
}

export const root: string;
export const targets: Target[];
export function manifest(entry: Target): Record<string, unknown>;
export function readme(entry: Target): string;
export function publishedManifest(): Record<string, unknown>;
export function stage(
  destination: string,
  options?: { addonOf?: (entry: Target) => string; all?: boolean }
): void;
