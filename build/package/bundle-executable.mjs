// What is only in the executable: the script that it starts with, and the packages that npm would install.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { build as esbuild } from 'esbuild';
import { rolldown } from 'rolldown';
import { ascii, MINIFY, WRAPPER } from '../bundle-plugins.mjs';

const ROOT = resolve(import.meta.dirname, '../..');

/** The modules of packages that are imported by the program, by the name of their chunk. */
const PACKAGES = {
  'package-tput': 'blessed/lib/tput.js',
  'package-program': 'blessed/lib/program.js',
  'package-pidusage': 'pidusage',
};

/** The terminfo entries that blessed reads from its own folder, where the host has none. */
const TERMINFO = ['xterm', 'xterm-256color'];

const terminfoInside = {
  name: 'terminfo-inside',
  setup(build) {
    build.onLoad({ filter: /\/blessed\/lib\/tput\.js$/ }, ({ path }) => {
      const entries = TERMINFO.map((name) => [
        name,
        readFileSync(`${ROOT}/node_modules/blessed/usr/${name}`).toString('base64'),
      ]);
      const contents = `${readFileSync(path, 'utf8')}
const ENTRIES = ${JSON.stringify(Object.fromEntries(entries))};
Tput.prototype._useInternalInfo = function (name) {
  return this.parseTerminfo(Buffer.from(ENTRIES[path.basename(name)], 'base64'), name);
};`;
      return { contents, loader: 'js' };
    });
  },
};

/** By esbuild: rolldown reads all code as if it were strict, and that of blessed is not. */
async function bundlePackages() {
  const { outputFiles } = await esbuild({
    absWorkingDir: ROOT,
    entryPoints: PACKAGES,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'cjs',
    minify: true,
    keepNames: true,
    legalComments: 'none',
    banner: { js: WRAPPER[0] },
    footer: { js: WRAPPER[1] },
    plugins: [terminfoInside],
    outExtension: { '.js': '.cjs' },
    outdir: 'out',
    write: false,
  });
  return outputFiles.map(({ path, contents }) => [basename(path), Buffer.from(contents)]);
}

async function bundleMain(define) {
  const build = await rolldown({
    cwd: ROOT,
    input: 'src/cli/executable/start-executable.ts',
    platform: 'node',
    plugins: [ascii],
    transform: { target: 'node24', define },
  });
  const { output } = await build.generate({ format: 'cjs', minify: MINIFY, comments: false });
  return Buffer.from(output[0].code);
}

/** The files of `dist` that the executable contains, by their path below it. */
function readDist(arch) {
  return readdirSync(`${ROOT}/dist`, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(`${ROOT}/dist/`.length))
    .filter((path) => path !== 'start.cjs' && !path.endsWith('.gz') && !path.includes('.bpfeb.'))
    .filter((path) => !path.startsWith('stub/') || path.endsWith(`-${arch}`))
    .toSorted()
    .map((path) => [path, readFileSync(`${ROOT}/dist/${path}`)]);
}

/** The script of the executable for an architecture, and the files inside of it by their paths. */
export async function bundleExecutable(arch) {
  const packages = await bundlePackages();
  const files = [...readDist(arch), ...packages];
  const build = createHash('sha256');
  for (const [path, bytes] of files) build.update(`${path}\0${bytes.length}\0`).update(bytes);
  const chunks = (end) =>
    files
      .filter(([path]) => path.endsWith(end) && !path.startsWith('package-'))
      .map(([path]) => path.slice(0, -end.length));
  const main = await bundleMain({
    BUILD_ID: JSON.stringify(build.digest('hex').slice(0, 16)),
    PLAIN_CHUNKS: JSON.stringify(chunks('.cjs')),
    COMPRESSED_CHUNKS: JSON.stringify(chunks('.cjs.br')),
  });
  return { main, files };
}
