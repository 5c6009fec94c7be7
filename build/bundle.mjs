// Writes dist/: cmemstat.cjs, and one chunk for each part of the program that is imported dynamically or
// shared by such parts. The names of the chunks are built into dist/start.cjs, which loads them, so that a
// code cache never outlives its code.
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const { rolldown } = await import('rolldown').catch((error) => {
  if (error.code !== 'ERR_MODULE_NOT_FOUND') throw error;
  console.error(
    'the build requires the development dependencies (hint: run npm ci without --omit=dev and NODE_ENV=production)',
  );
  process.exit(1);
});

/** V8 stores ASCII text in half the memory, and reads it without checking its encoding. */
const ascii = {
  name: 'ascii',
  generateBundle(_options, chunks) {
    for (const chunk of Object.values(chunks)) chunk.code = chunk.code.replaceAll(/[^\0-\x7f]/g, escapeUnit);
  },
};
const escapeUnit = (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** commander would spawn executables for subcommands, and we have none: the module takes 5 ms to load. */
const noChildProcess = {
  name: 'no-child-process',
  resolveId: (id, importer) =>
    id === 'node:child_process' && importer?.includes('/node_modules/commander/') ? '\0none' : undefined,
  load: (id) => (id === '\0none' ? 'module.exports = {};' : undefined),
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

/**
 * Called by src/cli/start.ts with the variables of a module: part of the file, so that it is not added at
 * each start.
 */
const wrapped = {
  name: 'wrapped',
  generateBundle(_options, chunks) {
    for (const chunk of Object.values(chunks)) {
      chunk.code = `(function(require,module,exports,__filename,__dirname){${chunk.code}\n})`;
    }
  },
};

/**
 * Chunks of modules that are small, or that a run needs together: by default, rolldown creates a chunk for
 * each set of commands that share a module, and each chunk takes 0.1 ms to load. Nothing here may import a
 * module of Node.js that `maps` does not need, except for `cgroup`. A module that matches two entries goes
 * into the first one.
 */
const GROUPS = [
  {
    name: 'basics',
    modules: [
      'errors',
      'errno',
      'exit-codes',
      'version',
      'format/',
      'kernel/(cache-directory|flat-keyed|kernel-release|limit|monotonic|number|possible-cpus|pseudo-file|sleep)',
      'kernel/(cgroup1/memory-(limit|stat)|cgroup2/cgroup-stat)',
      'kernel/procfs/(mountinfo|pid-cgroup|pid-stat|process-tree)',
      'model/(bytes-by-name|kernel-breakdown)',
      'output/(line-writer|standard-output)',
      'target/exit-status',
      'cgroup/(cgroup-paths|hierarchy|subtree)',
    ],
  },
  { name: 'bpf', modules: ['kernel/bpf/sys/', 'kernel/procfs/held-bpf', 'sampler/bpf/own-objects'] },
  { name: 'summary', modules: ['model/(figures|row-changes|summary)', 'output/summary-text'] },
  // Loaded while the kernel moves the target into its cgroup.
  {
    name: 'measurement',
    modules: [
      'app/run/(finish|measurement|open-readers|v8-flags)',
      'sampler/bpf/(run-bpf|totals)',
      'sampler/(cgroup|cpu-time|elsewhere|event|fast|figure|pace|sampler|size|stat|usage)',
    ],
  },
  { name: 'targets', modules: ['cgroup/(names|resolve)/'] },
  {
    name: 'cgroup',
    modules: ['cgroup/(?!systemd-scope|names/|resolve/)', 'app/run/preparation', 'target/signals'],
  },
];

const groups = GROUPS.map(({ name, modules }, index) => ({
  name,
  test: new RegExp(`/src/(?:${modules.join('|')})`),
  priority: GROUPS.length - index,
}));

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
    plugins: [noChildProcess, ascii, ...plugins],
    transform: { target: 'node20', define },
  });
  const { output } = await bundle.write({
    dir: 'dist',
    format: 'cjs',
    entryFileNames,
    chunkFileNames: '[name].cjs',
    dynamicImportInCjs: false,
    minify: {
      compress: true,
      mangle: { keepNames: { class: true, function: false } },
      codegen: { removeWhitespace: true },
    },
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
/** A static import would load it before the target is started. */
const ofRun = chunks.find(({ moduleIds = [] }) => moduleIds.some((id) => id.endsWith('/src/app/run/run.ts')));
if (ofRun === undefined || ofRun.imports.includes('measurement.cjs')) {
  throw new Error('src/app/run/run.ts must load the chunk `measurement` while the target is started');
}

/** Large chunks of what is opened by a person, or takes long itself: they are stored compressed. */
const COMPRESSED = [
  ...['viewer.cjs', 'explain.cjs', 'targets.cjs', 'completion-command.cjs', 'elf-command.cjs'],
  ...[
    'compare-command.cjs',
    'replay-command.cjs',
    'report-command.cjs',
    'screen.cjs',
    'name-differences.cjs',
  ],
];
const dist = `${import.meta.dirname}/../dist`;
for (const name of COMPRESSED) {
  writeFileSync(`${dist}/${name}.gz`, gzipSync(readFileSync(`${dist}/${name}`), { level: 9 }));
  rmSync(`${dist}/${name}`);
}
const buildId = createHash('sha256');
for (const { fileName, code } of chunks) buildId.update(`${fileName}\0${code}\0`);
await write({ start: 'src/cli/start.ts' }, '[name].cjs', {
  define: {
    BUILD_ID: JSON.stringify(buildId.digest('hex').slice(0, 16)),
    CHUNKS: JSON.stringify(
      chunks.map(({ fileName }) => (COMPRESSED.includes(fileName) ? `${fileName}.gz` : fileName)),
    ),
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
  writeFileSync(
    `${root}/dist/compiled/${name}.gz`,
    gzipSync(readFileSync(`${objects}/${name}`), { level: 9 }),
  );
}

// npm installs it; compressed as in distributions, without the time that gzip stores.
writeFileSync(`${root}/dist/cmemstat.1.gz`, gzipSync(readFileSync(`${root}/man/cmemstat.1`), { level: 9 }));
