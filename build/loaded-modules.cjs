// For `node --require`: writes the loaded modules to the file $LOADED_MODULES at exit, as JSON: the modules
// of Node.js, and the files of packages with their sizes.
const fs = require('node:fs');
const Module = require('node:module');
const { basename, sep } = require('node:path');

const report = process.env.LOADED_MODULES;
// Loaded by Node.js and this file before the program starts.
const before = new Set(process.moduleLoadList);
const files = new Set();

const { readFileSync } = fs;
fs.readFileSync = (path, ...rest) => {
  if (typeof path === 'string') files.add(path);
  else if (path instanceof URL) files.add(path.pathname);
  return readFileSync(path, ...rest);
};
const { dlopen } = process;
process.dlopen = (module, path, ...rest) => {
  files.add(path);
  return dlopen(module, path, ...rest);
};

/** Files of cmemstat and its dependencies, without kernel files and files of the target. */
function isOfPackage(path) {
  return (
    path.includes(`${sep}node_modules${sep}`) ||
    /\.cjs(\.br)?$|\.o\.br$|\.cache$/.test(path) ||
    basename(path) === 'cmemstat.js'
  );
}

process.on('exit', () => {
  for (const path of Object.keys(Module._cache)) files.add(path);
  files.delete(__filename);
  const modules = process.moduleLoadList;
  fs.writeFileSync(
    report,
    JSON.stringify({
      modules,
      own: modules.filter((name) => !before.has(name)),
      files: [...files]
        .filter((path) => isOfPackage(path) && fs.existsSync(path))
        .map((path) => ({ path, bytes: fs.statSync(path).size })),
    }),
  );
});
