/** The versions of Node.js that start-up is measured under. */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const VERSIONS = [20, 24, 26] as const;

/** One Node.js. */
export interface Node {
  readonly major: number;
  /** The path of the program. */
  readonly path: string;
}

/**
 * The available ones: the Node.js that runs this, `$BENCH_NODES/<major>` (a directory each, as npm fills it),
 * or the npm package node-linux-<arch>, installed to a cache outside of the project. Unavailable ones are
 * reported.
 */
export function findNodes(): Node[] {
  return VERSIONS.flatMap((major) => {
    const path = findNode(major);
    if (path === undefined)
      process.stderr.write(`bench: no Node.js ${major}: its figures are not measured\n`);
    return path === undefined ? [] : [{ major, path }];
  });
}

function findNode(major: number): string | undefined {
  if (majorOf(process.execPath) === major) return process.execPath;
  const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');
  const directory = join(process.env.BENCH_NODES ?? join(cache, 'cmemstat-bench/nodes'), String(major));
  const name = `node-linux-${process.arch}`;
  const path = join(directory, 'node_modules', name, 'bin/node');
  if (!existsSync(path)) {
    mkdirSync(directory, { recursive: true });
    spawnSync('npm', ['install', '--no-audit', '--no-fund', '--prefix', directory, `${name}@${major}`], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  }
  return majorOf(path) === major ? path : undefined;
}

function majorOf(path: string): number | undefined {
  try {
    return Number(/^v(\d+)/.exec(execFileSync(path, ['--version'], { encoding: 'utf8' }))?.[1]);
  } catch {
    return undefined;
  }
}
