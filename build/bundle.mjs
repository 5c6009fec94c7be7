// Writes dist/: cmemstat.cjs, and one chunk for each part of the program that is imported dynamically or
// shared by such parts. The names of the chunks are built into dist/start.cjs, which loads them, so that a
// code cache never outlives its code.
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { bundlePage } from './bundle-page.mjs';
import { ascii, MINIFY, wrapped } from './bundle-plugins.mjs';
import { licensesOf } from './bundled-licenses.mjs';

const { rolldown } = await import('rolldown').catch((error) => {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
  console.error(
    'the build requires the development dependencies (hint: run npm ci without --omit=dev and NODE_ENV=production)',
  );
  process.exit(1);
});

/** commander would spawn executables for subcommands, and we have none: the module takes 5 ms to load. */
const noChildProcess = {
  name: 'no-child-process',
  resolveId: (id, importer) =>
    id === 'node:child_process' && importer?.includes('/node_modules/commander/') ? '\0none' : undefined,
  load: (id) => (id === '\0none' ? 'module.exports = {};' : undefined),
};

/** `import text from 'FILE?raw'`, as in vitest: the text of a program that runs elsewhere, minified. */
const rawText = {
  name: 'raw-text',
  resolveId: (id, importer) => (id.endsWith('?raw') ? `\0${join(dirname(importer), id)}` : undefined),
  async load(id) {
    if (!id.endsWith('?raw')) return undefined;
    const file = id.slice(1, -'?raw'.length);
    const { minify } = await import('rolldown/utils');
    const { code, errors } = await minify(file, readFileSync(file, 'utf8'), { module: false });
    if (errors.length > 0) throw new Error(`${file}: ${errors[0].message}`);
    return `export default ${JSON.stringify(code)};`;
  },
};

/**
 * One statement for all names that a chunk exports, in place of 75 bytes for each. They remain getters:
 * chunks import each other, and some names are variables that change.
 */
const shortExports = {
  name: 'short-exports',
  generateBundle(_options, chunks) {
    for (const chunk of Object.values(chunks)) {
      const entries = [];
      const rest = chunk.code.replaceAll(
        /Object\.defineProperty\(exports,"([\w$]+)",\{enumerable:!0,get:function\(\)\{return *(.+?)\}\}\)[,;]?/gs,
        (_, name, value) => {
          entries.push(`${name}:()=>${value}`);
          return '';
        },
      );
      if (entries.length === 0) continue;
      if (rest.includes('Object.defineProperty(exports,"')) {
        throw new Error(`${chunk.fileName} exports names in an unknown form`);
      }
      const define = 'Object.defineProperty(exports,name,{enumerable:!0,get})';
      chunk.code = `Object.entries({${entries.join(',')}}).forEach(([name,get])=>${define});${rest}`;
    }
  },
};

/** Modules of the loader that a run whose programs are in the cache does not need. */
const PREPARATION = 'encode-objects|kconfig-values|kernel-config|link-functions|object-btf|prepare-object';

/**
 * Chunks of modules that are small, or that a run needs together: by default, rolldown creates a chunk for
 * each set of commands that share a module, and each chunk takes 0.1 ms to load. Nothing here may import a
 * module of Node.js that `maps` does not need, except for `cgroup`. A module that matches two entries goes
 * into the first one, and a module that one imports as well.
 */
const GROUPS = [
  {
    name: 'basics',
    modules: [
      'app/v8-flags',
      'errors',
      'errno',
      'exit-codes',
      'version',
      'format/',
      'kernel/(flat-keyed|kernel-release|limit|monotonic|number|possible-cpus|pseudo-file|sleep|steps)',
      'kernel/files/(cache-directory|kernel-cache|private-file|program-files)',
      'kernel/(cgroup1/memory-(limit|stat)|cgroup2/cgroup-stat)',
      'kernel/procfs/(memory/meminfo|auxv|mountinfo|pid-cgroup|pid-stat|process-tree)',
      'model/(bytes-by-name|kernel-breakdown)',
      'output/(line-writer|standard-output)',
      'sampler/figure-reader',
      'target/(exit-status|inherited-state)',
      'cgroup/(cgroup-paths|hierarchy|subtree)',
    ],
  },
  { name: 'bpf', modules: ['kernel/bpf/sys/', 'kernel/procfs/held-bpf', 'sampler/bpf/(own-objects|totals)'] },
  { name: 'summary', modules: ['model/(figures|restarts|row-changes|summary)', 'output/summary-text'] },
  {
    name: 'loader',
    modules: [
      'kernel/bpf/(btf|programs)/',
      'kernel/bpf/elf/instructions',
      `kernel/bpf/load/(?!${PREPARATION})`,
      'kernel/bpf/iter/(iterator|record)',
    ],
  },
  // Reads object files, and adapts BPF programs to a kernel, once.
  { name: 'preparation', modules: ['kernel/bpf/(elf|core)/', `kernel/bpf/load/(${PREPARATION})`] },
  {
    name: 'inventory',
    modules: [
      'kernel/bpf/(iter/(link|map|program|task)|memory/)',
      'model/bpf-advice',
      'sampler/bpf/(best-source|cgroup-objects|holders|inventory|leaf-bpf|live-maps|map-entries|object-names)',
      'sampler/bpf/(source|walk-source)',
    ],
  },
  {
    name: 'cgroup',
    modules: ['cgroup/(?!survivors|systemd-scope|names/|resolve/)', 'app/run/preparation', 'target/signals'],
  },
  // Loaded while the kernel moves the target into its cgroup.
  {
    name: 'measurement',
    modules: [
      'app/run/(finish|measurement|readings/open-readers)',
      'sampler/bpf/run-bpf',
      'sampler/(cgroup|cpu-time|elsewhere|event|fast|pace|sampler|size|stat|usage)',
    ],
  },
  { name: 'files', modules: ['kernel/files/(file-place|output-stream)'] },
  { name: 'targets', modules: ['cgroup/(names|resolve)/'] },
];

const groups = GROUPS.map(({ name, modules }, index) => ({
  name,
  test: new RegExp(`/src/(?:${modules.join('|')})`),
  priority: GROUPS.length - index,
}));

/** A tenth smaller than gzip for code, a fifth for BPF objects, and decompressed in 1 ms at most. */
function compress(bytes, { isText = false } = {}) {
  const mode = isText ? constants.BROTLI_MODE_TEXT : constants.BROTLI_MODE_GENERIC;
  const params = {
    [constants.BROTLI_PARAM_MODE]: mode,
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
  };
  return brotliCompressSync(bytes, { params });
}

async function write(
  input,
  entryFileNames,
  { cleanDir = false, define = {}, plugins = [], groups = [] } = {},
) {
  const bundle = await rolldown({
    cwd: `${import.meta.dirname}/..`,
    input,
    platform: 'node',
    external: ['koffi', /^blessed/, 'pidusage'],
    plugins: [noChildProcess, rawText, ascii, ...plugins],
    transform: { target: 'node20', define },
  });
  const { output } = await bundle.write({
    dir: 'dist',
    format: 'cjs',
    entryFileNames,
    chunkFileNames: '[name].cjs',
    dynamicImportInCjs: false,
    minify: MINIFY,
    cleanDir,
    codeSplitting: { groups },
    comments: false,
  });
  return output;
}

const chunks = await write({ cmemstat: 'src/cli/main.ts' }, '[name].cjs', {
  cleanDir: true,
  plugins: [shortExports, wrapped],
  groups,
});
/** The chunks that are loaded together with the one that contains this module. */
function loadedWith(module) {
  const first = chunks.find(({ moduleIds = [] }) => moduleIds.some((id) => id.endsWith(`/src/${module}.ts`)));
  if (first === undefined) throw new Error(`build/bundle.mjs: no chunk contains ${module}`);
  const loaded = new Set([first.fileName]);
  // A set also yields what is added meanwhile.
  for (const name of loaded) {
    const { imports } = chunks.find(({ fileName }) => fileName === name) ?? { imports: [] };
    for (const each of imports.filter((id) => id.endsWith('.cjs'))) loaded.add(each);
  }
  return [...loaded];
}

if (loadedWith('app/run/run').includes('measurement.cjs')) {
  throw new Error('src/app/run/run.ts must load the chunk `measurement` while the target is started');
}

/**
 * What is needed by a run without a view, by `maps`, `doctor` and the help, where loading `node:zlib` would
 * be noticed, and what is loaded between samples. The chunks with these modules are stored as they are, all
 * others compressed. `npm run size` fails if one of its command lines loads a compressed chunk.
 */
const HOT = [
  ...['cli/main', 'cli/add-commands', 'cli/options/run-options', 'cli/options/parse-value'],
  ...['cli/options/requirements', 'cli/options/delimited-flags'],
  ...['cli/commands/run-command', 'cli/commands/maps-command', 'app/doctor/print-diagnosis'],
  ...['errors', 'cgroup/leaf', 'target/user', 'target/user-names', 'app/explain/scan-readers'],
  ...['app/run/run', 'app/run/measurement', 'app/run/live-run'],
  ...[
    'kernel/files/file-place',
    'kernel/files/regular-file',
    'kernel/system-environment',
    'kernel/procfs/memory/smaps-rollup',
  ],
  ...['kernel/bpf/sys/libc', 'kernel/bpf/load/load-object'],
  ...['model/summary', 'model/explain/memory-tree'],
  ...['output/log', 'output/chunk-writer', 'output/text-file', 'app/print-readings'],
  ...['app/stop-signal', 'app/maps/listing', 'app/maps/map-peaks'],
  ...['sampler/bpf/inventory', 'sampler/process-table'],
  ...['sampler/process-tree-reader', 'sampler/process-usage'],
];
const dist = `${import.meta.dirname}/../dist`;
const names = chunks.map(({ fileName }) => fileName.replace(/\.cjs$/, ''));
const plain = new Set([
  'rolldown-runtime',
  ...HOT.map((module) => loadedWith(module)[0].replace(/\.cjs$/, '')),
  ...names.filter((_, at) => chunks[at].moduleIds?.some((id) => id.includes('/node_modules/commander/'))),
]);
for (const name of names.filter((each) => !plain.has(each))) {
  const file = `${dist}/${name}.cjs`;
  writeFileSync(`${file}.br`, compress(readFileSync(file), { isText: true }));
  rmSync(file);
}
const buildId = createHash('sha256');
for (const { fileName, code } of chunks) buildId.update(`${fileName}\0${code}\0`);
const startChunks = await write({ start: 'src/cli/start.ts' }, '[name].cjs', {
  define: {
    BUILD_ID: JSON.stringify(buildId.digest('hex').slice(0, 16)),
    PLAIN_CHUNKS: JSON.stringify([...plain]),
    COMPRESSED_CHUNKS: JSON.stringify(names.filter((name) => !plain.has(name))),
  },
});

// Executed from the folder of the chunks.
cpSync(`${import.meta.dirname}/../src/target/stub/compiled`, `${import.meta.dirname}/../dist/stub/compiled`, {
  recursive: true,
});

// Read from the folder of the chunks, and only if the cache has no relocated program: compressed, they take
// less than a third.
const root = `${import.meta.dirname}/..`;
const objects = `${root}/src/kernel/bpf/programs/compiled`;
mkdirSync(`${root}/dist/compiled`);
for (const name of readdirSync(objects).filter((each) => each.endsWith('.o'))) {
  writeFileSync(`${root}/dist/compiled/${name}.br`, compress(readFileSync(`${objects}/${name}`)));
}

// Read where an HTML report is made.
const { moduleIds: pageModules, ...page } = await bundlePage();
writeFileSync(`${root}/dist/page.json.br`, compress(JSON.stringify(page)));

// What is bundled is distributed with this package, and its licences require that they are, too.
const bundled = [...[...chunks, ...startChunks].flatMap(({ moduleIds = [] }) => moduleIds), ...pageModules];
writeFileSync(`${root}/dist/licenses.txt`, licensesOf(bundled));

// npm installs it; compressed as in distributions, without the time that gzip stores.
writeFileSync(`${root}/dist/cmemstat.1.gz`, gzipSync(readFileSync(`${root}/man/cmemstat.1`), { level: 9 }));
