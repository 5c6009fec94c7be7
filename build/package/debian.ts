/** The Debian package: what npm installs, for the Node.js of the distribution. */
import { lstatSync, mkdirSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import manifest from '../../package.json' with { type: 'json' };
import { checksumLines } from './checksums.ts';
import { fetchAddon } from './fetch-package.ts';
import { type Arch, DEBIAN_ARCH, ROOT, runTool, VERSION } from './tools.ts';
import { addLicenses, addShellFiles, type PackagePlaces, Tree } from './tree.ts';

/** The folder of the program. */
const PROGRAM = 'usr/lib/cmemstat';

/** By package, what of it is needed to run; the rest is sources, examples and documents. */
const MODULES: Readonly<Record<string, RegExp>> = {
  blessed: /^(package\.json|lib\/.*|usr\/(xterm|xterm-256color))$/,
  koffi: /^(package\.json|index\.c?js|indirect\.c?js|lib\/.*)$/,
  pidusage: /^(package\.json|index\.js|lib\/.*)$/,
};

/** Writes `cmemstat_VERSION_ARCH.deb`; the npm tarball must be there. */
export function packDebian(arch: Arch, { out, work, epoch }: PackagePlaces): void {
  const tree = new Tree(join(work, 'debian'));
  const tarball = join(out, `cmemstat-${VERSION}.tgz`);
  const unpacked = new Tree(join(work, 'npm'));
  runTool('tar', ['-xzf', tarball, '-C', unpacked.root, '--strip-components=1']);
  for (const path of filesBelow(unpacked.root)) {
    if (path.startsWith('docs/') || path === 'README.md') {
      tree.copy(`usr/share/doc/cmemstat/${path}`, join(unpacked.root, path));
    } else if (path !== 'LICENSE' && path !== 'dist/cmemstat.1.gz') {
      const isProgram = path === 'bin/cmemstat.js' || path.startsWith('dist/stub/compiled/');
      tree.copy(`${PROGRAM}/${path}`, join(unpacked.root, path), isProgram ? 0o755 : 0o644);
    }
  }
  for (const [name, wanted] of Object.entries(MODULES)) {
    copyMatching(tree, `${PROGRAM}/node_modules/${name}`, join(ROOT, 'node_modules', name), wanted);
  }
  const addon = `@koromix/koffi-linux-${arch}`;
  copyMatching(
    tree,
    `${PROGRAM}/node_modules/${addon}`,
    fetchAddon(arch),
    /^(package\.json|index\.js|linux_.*)$/,
  );
  addShellFiles(tree, 'usr', 'vendor-completions');
  addLicenses(tree, 'usr/share/doc/cmemstat');
  tree.write('usr/share/doc/cmemstat/copyright', copyright());
  mkdirSync(join(tree.root, 'usr/bin'));
  symlinkSync('../lib/cmemstat/bin/cmemstat.js', join(tree.root, 'usr/bin/cmemstat'));
  addControl(tree, arch);
  const words = ['--root-owner-group', '--threads-max=1', '-Zxz', '--build', tree.root, out];
  runTool('dpkg-deb', words, { env: { SOURCE_DATE_EPOCH: String(epoch) } });
}

function copyMatching(tree: Tree, folder: string, from: string, wanted: RegExp): void {
  for (const path of filesBelow(from)) {
    if (wanted.test(path)) tree.copy(`${folder}/${path}`, join(from, path));
  }
}

/** Regular files, sorted, by their path below a folder. */
function filesBelow(root: string): string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((path) => lstatSync(join(root, path)).isFile())
    .toSorted();
}

/** Source: Debian Policy, chapter 5, and 4.1 of deb-md5sums(5). */
function addControl(tree: Tree, arch: Arch): void {
  const files = filesBelow(tree.root);
  const bytes = files.reduce((sum, path) => sum + lstatSync(join(tree.root, path)).size, 0);
  tree.write('DEBIAN/md5sums', checksumLines('md5', tree.root, files));
  tree.write(
    'DEBIAN/control',
    `Package: cmemstat
Version: ${VERSION}
Architecture: ${DEBIAN_ARCH[arch]}
Maintainer: cmemstat maintainers <maintainers@cmemstat.invalid>
Installed-Size: ${Math.ceil(bytes / 1024)}
Depends: nodejs (>= 20)
Section: utils
Priority: optional
Homepage: ${manifest.homepage}
Description: memory profiler for commands and cgroups, with BPF maps
 ${manifest.description}.
`,
  );
}

/** Source: the machine-readable format 1.0 of debian/copyright. */
function copyright(): string {
  const text = readFileSync(join(ROOT, 'LICENSE'), 'utf8').trimEnd();
  const holder = /^Copyright.*$/m.exec(text)?.[0]?.replace(/^Copyright (\(c\) )?/, '') ?? '';
  const indented = text.replaceAll(/^$/gm, '.').replaceAll(/^/gm, ' ');
  return `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Source: https://github.com/cmemstat/cmemstat

Files: *
Copyright: ${holder}
License: Expat
${indented}
Comment: The licences of what is distributed with it are in
 /usr/share/doc/cmemstat/licenses.
`;
}
