// Writes dist/: what every run needs is one file with a code cache; what a short run does not need (the view, budgets, the other
// commands) is another, which costs nothing until it is asked for. Modules that both need exist once, in the first.

import { relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MAIN = 'src/cli/main.ts';
/** Loaded while the target starts; they run in every run that reads BPF memory. */
const ALSO_HOT = ['src/sampler/bpf/run-bpf.ts', 'src/app/run/v8-flags.ts', 'src/kernel/bpf/sys/libc.ts'];
const COLD_FILE = './cmemstat-cold.cjs';

const common = {
  absWorkingDir: ROOT,
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'cjs',
  external: ['koffi', 'blessed', 'pidusage', COLD_FILE],
  supported: { 'dynamic-import': false },
  minifyWhitespace: true,
  minifySyntax: true,
  logLevel: 'warning',
};

/** The modules that are reached without a dynamic import. */
function closureOf(inputs, entries) {
  const seen = new Set();
  const open = [...entries];
  while (open.length > 0) {
    const path = open.pop();
    if (seen.has(path)) continue;
    seen.add(path);
    for (const { path: next, kind } of inputs[path]?.imports ?? []) {
      if (kind !== 'dynamic-import' && inputs[next] !== undefined) open.push(next);
    }
  }
  return seen;
}

const { metafile } = await build({ ...common, entryPoints: [MAIN], metafile: true, write: false });
const inputs = metafile.inputs;
const eager = closureOf(inputs, [MAIN]);
const hot = closureOf(inputs, [MAIN, ...ALSO_HOT]);
const all = Object.keys(inputs);
const coldEntries = new Set(
  all
    .flatMap((path) => inputs[path].imports)
    .filter(({ kind, path }) => kind === 'dynamic-import' && inputs[path] !== undefined && !hot.has(path))
    .map(({ path }) => path),
);
/** The hot modules that cold ones import. */
const shared = new Set(
  all.filter((path) => !hot.has(path)).flatMap((path) => inputs[path].imports.map(({ path: to }) => to)),
);
const sharedHot = [...shared].filter((path) => hot.has(path));

const quote = (path) => JSON.stringify(resolve(ROOT, path));
const name = (path) => relative(ROOT, resolve(ROOT, path));

/** Resolves as esbuild would, and hands some of the modules to another loader. */
function redirect(pluginName, isTaken, namespace, contentsOf) {
  return {
    name: pluginName,
    setup(each) {
      each.onResolve({ filter: /./ }, async (args) => {
        if (args.pluginData === pluginName || args.kind === 'entry-point') return undefined;
        const { path, external, errors } = await each.resolve(args.path, {
          kind: args.kind,
          resolveDir: args.resolveDir,
          importer: args.importer,
          pluginData: pluginName,
        });
        if (external || errors.length > 0 || path === '') return undefined;
        const known = name(path);
        // Without the suffix the CommonJS text would be taken for an ES module.
        return isTaken(known, args.kind) ? { path: known.replace(/\.mjs$/, '.m'), namespace } : undefined;
      });
      each.onLoad({ filter: /./, namespace }, ({ path }) => ({
        contents: contentsOf(path),
        resolveDir: ROOT,
        loader: 'js',
      }));
    },
  };
}

const eagerShared = sharedHot.filter((path) => eager.has(path));
const lazyShared = sharedHot.filter((path) => !eager.has(path));
const bridge = `
${eagerShared.map((path, index) => `import * as m${index} from ${quote(path)};`).join('\n')}
const hot = {
  ${eagerShared.map((path, index) => `${JSON.stringify(name(path))}: () => m${index}`).join(',\n  ')}${eagerShared.length > 0 ? ',' : ''}
  ${lazyShared.map((path) => `${JSON.stringify(name(path))}: () => require(${quote(path)})`).join(',\n  ')}
};
export function load(path) {
  const cold = require(${JSON.stringify(COLD_FILE)});
  cold.connect(hot);
  return cold.modules[path]();
}`;

const toCold = redirect(
  'to-cold',
  (path, kind) => kind === 'dynamic-import' && coldEntries.has(path),
  'cold',
  (path) => `module.exports = require('cold-bridge').load(${JSON.stringify(path)});`,
);
const withBridge = {
  name: 'bridge',
  setup(each) {
    each.onResolve({ filter: /^cold-bridge$/ }, () => ({ path: 'cold-bridge', namespace: 'bridge' }));
    each.onLoad({ filter: /./, namespace: 'bridge' }, () => ({
      contents: bridge,
      resolveDir: ROOT,
      loader: 'js',
    }));
  },
};
await build({
  ...common,
  entryPoints: [MAIN],
  outfile: 'dist/cmemstat.cjs',
  plugins: [withBridge, toCold],
});

const coldEntry = `
export { connect } from 'hot-table';
export const modules = {
  ${[...coldEntries].map((path) => `${JSON.stringify(name(path))}: () => require(${quote(path)})`).join(',\n  ')}
};`;
const withTable = {
  name: 'table',
  setup(each) {
    each.onResolve({ filter: /^hot-table$/ }, () => ({ path: 'hot-table', namespace: 'table' }));
    each.onLoad({ filter: /./, namespace: 'table' }, () => ({
      contents: 'export let hot; export function connect(modules) { hot = modules; }',
      loader: 'js',
    }));
  },
};
const toHot = redirect(
  'to-hot',
  (path) => hot.has(path),
  'hot',
  (path) => `module.exports = require('hot-table').hot[${JSON.stringify(path.replace(/\.m$/, '.mjs'))}]();`,
);
await build({
  ...common,
  stdin: { contents: coldEntry, resolveDir: ROOT, loader: 'js', sourcefile: 'cold.js' },
  outfile: `dist/${COLD_FILE}`,
  plugins: [withTable, toHot],
});

await build({
  ...common,
  entryPoints: ['src/cli/start.ts'],
  minifyWhitespace: false,
  minifySyntax: false,
  outfile: 'dist/start.cjs',
});
