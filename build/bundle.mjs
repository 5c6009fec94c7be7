// Writes dist/: cmemstat.cjs, and one chunk for each part of the program that is imported dynamically or shared by such parts.
// dist/start.cjs, which loads them, is told what the chunks are, so that no code cache outlives the code that it was made of.
import { createHash } from 'node:crypto';
import { cpSync } from 'node:fs';
import { rolldown } from 'rolldown';

/** V8 keeps text that is ASCII in half the memory, and reads it without a look at its encoding. */
const ascii = {
  name: 'ascii',
  generateBundle(_options, chunks) {
    for (const chunk of Object.values(chunks)) chunk.code = chunk.code.replaceAll(/[^\0-\x7f]/g, escapeUnit);
  },
};
const escapeUnit = (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** commander would start programs of their own for subcommands, and we have none: the module takes 5 ms to load. */
const noChildProcess = {
  name: 'no-child-process',
  resolveId: (id, importer) =>
    id === 'node:child_process' && importer?.includes('/node_modules/commander/') ? '\0none' : undefined,
  load: (id) => (id === '\0none' ? 'module.exports = {};' : undefined),
};

async function write(input, entryFileNames, { cleanDir = false, define = {} } = {}) {
  const bundle = await rolldown({
    cwd: `${import.meta.dirname}/..`,
    input,
    platform: 'node',
    external: ['koffi', /^blessed/, 'pidusage'],
    plugins: [noChildProcess, ascii],
    transform: { target: 'node20', define },
  });
  const { output } = await bundle.write({
    dir: 'dist',
    format: 'cjs',
    entryFileNames,
    chunkFileNames: '[name].cjs',
    dynamicImportInCjs: false,
    minify: { compress: true, mangle: { keepNames: true }, codegen: { removeWhitespace: true } },
    cleanDir,
  });
  return output;
}

const chunks = await write({ cmemstat: 'src/cli/main.ts' }, '[name].cjs', { cleanDir: true });
const buildId = createHash('sha256');
for (const { fileName, code } of chunks) buildId.update(`${fileName}\0${code}\0`);
await write({ start: 'src/cli/start.ts' }, '[name].cjs', {
  define: { BUILD_ID: JSON.stringify(buildId.digest('hex').slice(0, 16)) },
});

// Read from beside the chunks, and only where no relocated program is in the cache.
const root = `${import.meta.dirname}/..`;
cpSync(`${root}/src/kernel/bpf/programs/compiled`, `${root}/dist/compiled`, {
  recursive: true,
  filter: (path) => !path.endsWith('.ts'),
});
