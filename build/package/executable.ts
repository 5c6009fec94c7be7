/** The single executable: a Node.js with the program and its packages inside. */
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { inject } from 'postject';
import { bundleExecutable } from './bundle-executable.mjs';
import { addonFile, fetchRuntime } from './fetch-package.ts';
import { type Arch, runTool } from './tools.ts';

// Source: doc/api/single-executable-applications.md of Node.js.
const RESOURCE = 'NODE_SEA_BLOB';
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';

/** Writes the executable for an architecture. @param work an empty folder. */
export async function buildExecutable(arch: Arch, file: string, work: string): Promise<void> {
  const { main, files } = await bundleExecutable(arch);
  const assets: Record<string, string> = { 'koffi.node': addonFile(arch) };
  for (const [path, bytes] of files) {
    const place = join(work, 'files', path);
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, bytes);
    assets[path] = `files/${path}`;
  }
  writeFileSync(join(work, 'main.cjs'), main);
  const configuration = {
    main: 'main.cjs',
    output: 'blob',
    disableExperimentalSEAWarning: true,
    // V8 would take it from its own architecture only, and the script is small: it loads the chunks.
    useCodeCache: false,
    // Neither the environment nor the command line has options for Node.js: `--inspect` is not one of
    // cmemstat's, and NODE_OPTIONS is for the target.
    execArgvExtension: 'none',
    assets,
  };
  writeFileSync(join(work, 'configuration.json'), JSON.stringify(configuration));
  // The format of what is injected belongs to the version, and not to the architecture.
  const node = join(fetchRuntime(process.arch as Arch), 'bin/node');
  runTool(node, ['--experimental-sea-config', 'configuration.json'], { cwd: work });
  // Symbols take a tenth of the compressed size. `llvm-strip` knows all architectures.
  runTool('llvm-strip-19', ['-o', file, join(fetchRuntime(arch), 'bin/node')]);
  chmodSync(file, 0o755);
  await injectQuietly(file, readFileSync(join(work, 'blob')));
}

/** LIEF, inside of postject, warns of a section that the injection itself renames. */
async function injectQuietly(file: string, blob: Buffer): Promise<void> {
  const { error, warn, log } = console;
  const lines: string[] = [];
  const collect = (...words: unknown[]) => void lines.push(words.join(' '));
  Object.assign(console, { error: collect, warn: collect, log: collect });
  try {
    await inject(file, RESOURCE, blob, { sentinelFuse: FUSE });
  } finally {
    Object.assign(console, { error, warn, log });
  }
  const unknown = lines.filter((line) => !line.includes("Can't find string offset for section name '.note"));
  if (unknown.length > 0) throw new Error(`postject: ${unknown.join('\n')}`);
}
