/**
 * node bench/callgrind.mjs [--update]: counts the instructions of fixed work of the Rust crates and
 * compares them with bench/callgrind.json. Fails when a workload needs other than the recorded
 * number, within a few per cent: more is a regression; fewer, or a workload that is not recorded, has
 * to be recorded with --update, so that the next regression is measured from there.
 *
 * The compiler is the recorded one where rustup has it; --update takes the one in use.
 */

import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import path from 'node:path';

import { compare } from './instructions.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const record = fileURLToPath(new URL('callgrind.json', import.meta.url));

/**
 * Examples that do fixed work: `example NAME ROUNDS` runs one workload, and without a name prints a
 * line for each, its name first.
 */
const EXAMPLES = [
  { package: 'ferrows-protocol', example: 'workload' },
  { package: 'ferrows-reactor', example: 'traffic' }
];

/** Rounds of a short and of a long run. Their difference is free of what starting costs. */
const SHORT = 16;
const LONG = 48;

/**
 * Keeps the C library's copying to one way that is the same on every x86-64 processor: which it takes
 * otherwise depends on the processor and the size of its caches, and "rep movsb" counts each step.
 */
const GLIBC_TUNABLES = [
  'glibc.cpu.hwcaps=-AVX2,-AVX_Fast_Unaligned_Load,-AVX512F,-AVX512VL,-ERMS,-FSRM',
  'glibc.cpu.x86_non_temporal_threshold=0x4000000'
].join(':');

const { values: options } = parseArgs({
  options: { update: { type: 'boolean', default: false } }
});

const baseline = options.update ? undefined : JSON.parse(readFileSync(record, 'utf8'));
const toolchain = recordedToolchain();
const tools = {
  rustc: output('rustc', [...toolchain, '--version']),
  valgrind: output('valgrind', ['--version']),
  libc: process.report.getReport().header.glibcVersionRuntime ?? 'not glibc',
  cpu: `${process.arch}${/\bavx2\b/.test(readFileSync('/proc/cpuinfo', 'utf8')) ? ' with AVX2' : ''}`
};
const instructions = Object.fromEntries(EXAMPLES.flatMap(measure));

if (options.update) {
  writeFileSync(record, `${JSON.stringify({ ...tools, instructions }, null, 2)}\n`);
  console.log(`recorded in ${path.relative('.', record)}`);
  process.exit();
}

const { lines, failed } = compare(baseline.instructions, instructions);
console.log(lines.join('\n'));

const other = Object.keys(tools).filter((tool) => tools[tool] !== baseline[tool]);
if (failed > 0 && other.length > 0) {
  // Another compiler, or another path through simdutf8 or the C library, are other instructions.
  const names = other.map((tool) => `${tools[tool]} rather than ${baseline[tool]}`).join(', ');
  console.log(`not comparable: ${names}`);
} else if (failed > 0) {
  console.log(`${failed} of ${lines.length} differ; record what is meant to be with --update`);
  process.exit(1);
}

/** The option of cargo and rustc for the compiler that was recorded, if rustup has it. */
function recordedToolchain() {
  const [, version] = /^rustc (\S+)/.exec(baseline?.rustc ?? '') ?? [];
  if (!version) return [];
  return spawnSync('rustc', [`+${version}`, '--version']).status === 0 ? [`+${version}`] : [];
}

function output(program, args) {
  return execFileSync(program, args, { encoding: 'utf8' }).trim();
}

/** The instructions that each of an example's workloads takes for LONG - SHORT rounds. */
function measure({ package: name, example }) {
  const target = ['--release', '--quiet', '-p', name, '--example', example];
  execFileSync('cargo', [...toolchain, 'build', ...target], { cwd: root, stdio: 'inherit' });
  const program = path.join(root, 'target', 'release', 'examples', example);
  const listed = execFileSync(program, { encoding: 'utf8' });
  return listed
    .trim()
    .split('\n')
    .map((line) => {
      const [workload] = line.trim().split(/\s+/);
      const count = collected(program, workload, LONG) - collected(program, workload, SHORT);
      return [`${name}/${workload}`, count];
    });
}

function collected(program, workload, rounds) {
  const { status, stderr } = spawnSync(
    'valgrind',
    ['--tool=callgrind', '--callgrind-out-file=/dev/null', program, workload, String(rounds)],
    { encoding: 'utf8', env: { ...process.env, GLIBC_TUNABLES } }
  );
  const count = /Collected : (\d+)/.exec(stderr);
  if (status !== 0 || !count) throw new Error(`valgrind failed on ${workload}:\n${stderr}`);
  return Number(count[1]);
}
