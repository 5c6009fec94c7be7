/** The C and C++ libraries that Node.js is linked with, for an image that has nothing else; from Debian. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { DOWNLOADS } from './fetch-package.ts';
import { type Arch, DEBIAN_ARCH, runTool } from './tools.ts';

const SUITE = 'trixie';
const MIRROR = process.env.CMEMSTAT_DEBIAN_MIRROR ?? 'http://deb.debian.org/debian';
const PACKAGES = ['libc6', 'libgcc-s1', 'libstdc++6'];

/** Where these packages have their libraries, and where a program looks for its dynamic loader. */
const PLACES: Readonly<Record<Arch, { libraries: string; loader: string }>> = {
  x64: { libraries: 'usr/lib/x86_64-linux-gnu', loader: 'lib64/ld-linux-x86-64.so.2' },
  arm64: { libraries: 'usr/lib/aarch64-linux-gnu', loader: 'lib/ld-linux-aarch64.so.1' },
};

/** An installed package of Debian. */
export interface DebianPackage {
  name: string;
  version: string;
}

/**
 * The libraries that an executable is linked with, and their licences: the files on this host by their path
 * in the image.
 */
export function findSystemLibraries(arch: Arch, executable: string): ReadonlyMap<string, string> {
  const root = extractPackages(arch);
  const { libraries, loader } = PLACES[arch];
  const loaderName = basename(loader);
  const names = new Set(neededBy(executable));
  // A set also yields what is added meanwhile.
  for (const name of names) {
    for (const next of neededBy(join(root, libraries, name))) names.add(next);
  }
  const files = new Map([[loader, join(root, libraries, loaderName)]]);
  for (const name of [...names].filter((each) => each !== loaderName).toSorted()) {
    files.set(`${libraries}/${name}`, join(root, libraries, name));
  }
  for (const name of [...PACKAGES, 'gcc-14-base']) {
    const text = `usr/share/doc/${name}/copyright`;
    // Packages of one source share it.
    if (existsSync(join(root, text))) files.set(text, join(root, text));
  }
  return files;
}

function neededBy(file: string): string[] {
  const lines = runTool('llvm-readelf-19', ['--needed-libs', file]).split('\n');
  return lines.map((line) => line.trim()).filter((line) => line.includes('.so'));
}

/** The folder with the contents of these packages; downloaded once, so that packing again makes the same. */
function extractPackages(arch: Arch): string {
  const folder = join(DOWNLOADS, `libraries-${SUITE}-${arch}`);
  if (existsSync(folder)) return folder;
  mkdirSync(DOWNLOADS, { recursive: true });
  const part = mkdtempSync(`${folder}.part-`);
  try {
    const tar = join(part, 'root.tar');
    const words = ['--quiet', '--variant=extract', `--architectures=${DEBIAN_ARCH[arch]}`];
    // Nothing is configured, so that dpkg does not know what was extracted: the names of the files do.
    const list = '--extract-hook=cd "$1/var/cache/apt/archives" && ls *.deb >"$1/packages"';
    runTool('mmdebstrap', [...words, list, `--include=${PACKAGES.join(',')}`, SUITE, tar, MIRROR]);
    const root = join(part, 'root');
    mkdirSync(root);
    runTool('tar', ['-xf', tar, '-C', root, '--exclude=./dev']);
    if (!existsSync(folder)) renameSync(root, folder);
  } finally {
    rmSync(part, { recursive: true, force: true });
  }
  return folder;
}

/** The packages that these libraries are from. */
export function findSystemPackages(arch: Arch): DebianPackage[] {
  // Lines such as `libc6_2.41-12_amd64.deb`, where a colon of a version is `%3a`.
  const lines = readFileSync(join(extractPackages(arch), 'packages'), 'utf8')
    .trim()
    .split('\n');
  return lines.map((line) => {
    const [name = '', version = ''] = line.split('_');
    return { name, version: decodeURIComponent(version) };
  });
}
