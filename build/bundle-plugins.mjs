// What all bundles of the program have in common.

/** Names of classes stay: errors show them. */
export const MINIFY = {
  compress: true,
  mangle: { keepNames: { class: true, function: false } },
  codegen: { removeWhitespace: true },
};

/** V8 stores ASCII text in half the memory, and reads it without checking its encoding. */
export const ascii = {
  name: 'ascii',
  generateBundle(_options, chunks) {
    for (const chunk of Object.values(chunks)) chunk.code = chunk.code.replaceAll(/[^\0-\x7f]/g, escapeUnit);
  },
};
const escapeUnit = (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;

export const WRAPPER = ['(function(require,module,exports,__filename,__dirname){', '\n})'];

/**
 * Called by src/cli/start.ts with the variables of a module: part of the file, so that it is not added at
 * each start.
 */
export const wrapped = {
  name: 'wrapped',
  generateBundle(_options, chunks) {
    for (const chunk of Object.values(chunks)) {
      chunk.code = WRAPPER.join(chunk.code);
    }
  },
};
