/**
 * `npm run test:nodes [-- 22 26]`: the parts that depend on Node.js, on each other supported version, and
 * that an older one is rejected. The binaries are npm packages, cached in `$CMEMSTAT_NODES`, else
 * `~/.cache/cmemstat-nodes`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { PROJECT } from '../paths.ts';
import { runVitest } from '../run-vitest.ts';

const SUPPORTED = [20, 22, 24, 26];
/** The newest version that is rejected. */
const REFUSED = 18;
/** What depends on the version of Node.js in every one: how processes are started, and what is loaded. */
const FILES = ['launch', 'loaded-modules'];
/**
 * These take longest: one version besides that of `npm test` suffices to notice a change of streams, native
 * code and terminals.
 */
const MORE_FILES: Readonly<Record<number, readonly string[]>> = { 24: ['output', 'run-bpf'], 26: ['view'] };
/**
 * The unit tests of what starts processes, caches compiled code and uses streams. All unit tests run on the
 * newest version, and on that of `npm test`, which is the oldest in CI: what both do, the versions between
 * them do.
 */
const ROOMS = ['action', 'cli', 'output', 'target'];
const TIMEOUT_MS = 600_000;

const cache = process.env.CMEMSTAT_NODES ?? join(homedir(), '.cache', 'cmemstat-nodes');

/** The folder with `node` of a version; installed if missing. */
function installNode(major: number): string {
  const name = `node-linux-${process.arch}`;
  const folder = join(cache, String(major));
  if (!existsSync(folder)) {
    mkdirSync(cache, { recursive: true });
    const part = mkdtempSync(`${folder}.part-`);
    const words = ['install', '--prefix', part, '--no-save', '--no-audit', '--no-fund', '--ignore-scripts'];
    const { status } = spawnSync('npm', [...words, `${name}@${major}`], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    if (status !== 0) throw new Error(`npm install ${name}@${major} failed`);
    try {
      renameSync(part, folder);
    } catch (error) {
      // Another process was faster.
      if (!existsSync(folder)) throw error;
      rmSync(part, { recursive: true, force: true });
    }
  }
  return join(folder, 'node_modules', name, 'bin');
}

/** The environment with this folder first in PATH. */
function environmentOf(bin: string): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${bin}:${process.env.PATH}` };
}

/** Runs a program with this version of Node.js, which is also `node` in PATH. */
function run(bin: string, args: readonly string[]) {
  const options = { cwd: PROJECT, env: environmentOf(bin), timeout: TIMEOUT_MS };
  return spawnSync(join(bin, 'node'), args, { ...options, encoding: 'utf8' });
}

/** Runs tests, and returns whether they passed. */
async function vitest(
  bin: string,
  project: string,
  names: readonly string[],
  inBackground = false,
): Promise<boolean> {
  const node = { node: join(bin, 'node'), env: environmentOf(bin), timeoutMs: TIMEOUT_MS };
  return (await runVitest(['--project', project, ...names], { ...node, inBackground })).status === 0;
}

async function testSupported(major: number): Promise<boolean> {
  const bin = installNode(major);
  const { stdout } = run(bin, ['--version']);
  console.log(`\n== Node.js ${stdout.trim()}`);
  if (!stdout.startsWith(`v${major}.`)) return false;
  const files = [...FILES, ...(MORE_FILES[major] ?? [])].map((name) => `/${name}.test.ts`);
  const isBetween = major > Math.min(...SUPPORTED) && major < Math.max(...SUPPORTED);
  const rooms = isBetween ? ROOMS.map((room) => `test/unit/${room}/`) : [];
  // The tests of the host wait most of the time: the unit tests take what they leave of the processors.
  const passed = await Promise.all([vitest(bin, 'integration', files), vitest(bin, 'unit', rooms, true)]);
  return passed.every(Boolean);
}

function testRefused(major: number): boolean {
  const { status, stdout, stderr } = run(installNode(major), ['bin/cmemstat.js', '--', 'true']);
  console.log(`\n== Node.js ${major}: exit status ${status}\n${stderr.trim()}`);
  return (
    status === 125 &&
    stdout === '' &&
    /^cmemstat: Node\.js 18\.\S+ is not supported \(hint: .*\)\n$/.test(stderr)
  );
}

const current = Number.parseInt(process.versions.node, 10);
const wanted = process.argv.slice(2).map(Number);
const chosen = wanted.length > 0 ? wanted : SUPPORTED.filter((major) => major !== current);
const failed: number[] = [];
for (const major of chosen) {
  const isFine = major < Math.min(...SUPPORTED) ? testRefused(major) : await testSupported(major);
  if (!isFine) failed.push(major);
}
if (wanted.length === 0 && !testRefused(REFUSED)) failed.push(REFUSED);
console.log(
  `\nNode.js ${chosen.join(', ')}: ${failed.length === 0 ? 'passed' : `FAILED on ${failed.join(', ')}`}`,
);
process.exitCode = failed.length === 0 ? 0 : 1;
