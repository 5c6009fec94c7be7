// Bundles the script and the styles of HTML reports: src/report/html/page.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

const ROOT = `${import.meta.dirname}/..`;
const PAGE = `${ROOT}/src/report/html/page`;

/**
 * The script as one statement, and the styles; also the files that they are made of. Neither contains what
 * would end its element: the renderer puts them into one.
 */
export async function bundlePage() {
  const { rolldown } = await import('rolldown');
  const bundle = await rolldown({
    cwd: ROOT,
    input: `${PAGE}/page-main.ts`,
    platform: 'browser',
    external: [/^node:/],
    transform: { target: 'es2022' },
    // Shared modules import errors of the command line, which no function that is used here throws.
    treeshake: { moduleSideEffects: false },
  });
  const { output } = await bundle.generate({
    format: 'iife',
    minify: { compress: true, mangle: true, codegen: { removeWhitespace: true } },
    comments: false,
  });
  const [{ code, moduleIds }] = output;
  if (output.length !== 1 || /\b(?:require|import)\(/.test(code)) {
    throw new Error('the script of HTML reports must be one file that loads nothing');
  }
  // Escapes, so that the encoding of the page does not matter.
  const script = code
    .trim()
    .replaceAll(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .replaceAll(/<(?=\/script|!--)/gi, '\\x3c');
  const style = [`${ROOT}/node_modules/uplot/dist/uPlot.min.css`, `${PAGE}/page.css`]
    .map((file) =>
      readFileSync(file, 'utf8')
        .replaceAll(/\/\*.*?\*\//gs, '')
        .replaceAll(/\s+/g, ' ')
        .replaceAll(/ ?([{};,]) ?/g, '$1')
        .replaceAll(': ', ':')
        .trim(),
    )
    .join('');
  if (/<\/style|url\(/i.test(style)) throw new Error('the styles of HTML reports must load nothing');
  // Hashed here, so that cmemstat calls no cryptographic function.
  return { script, style, scriptHash: sourceHash(script), styleHash: sourceHash(style), moduleIds };
}

/** A source in a Content-Security-Policy. */
function sourceHash(source) {
  return `'sha256-${createHash('sha256').update(source).digest('base64')}'`;
}
