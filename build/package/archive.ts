/** The archive of the executable with its manual page, completions and licences. */
import { join } from 'node:path';
import { type Arch, runTool, VERSION } from './tools.ts';
import { addAddon, addLicenses, addShellFiles, type PackagePlaces, packTar, Tree } from './tree.ts';

/** Writes `NAME.tar.gz`, with one folder of that name, whose contents belong into /usr/local. */
export function packArchive(arch: Arch, executable: string, { out, work, epoch }: PackagePlaces): void {
  const name = `cmemstat-${VERSION}-linux-${arch}`;
  const tree = new Tree(join(work, 'archive', name));
  tree.copy('bin/cmemstat', executable, 0o755);
  addAddon(tree, '.', arch);
  addShellFiles(tree, '.', 'site-functions');
  addLicenses(tree, 'share/doc/cmemstat', arch);
  const tar = join(out, `${name}.tar`);
  packTar(tar, join(work, 'archive'), name, epoch);
  runTool('gzip', ['--no-name', tar]);
}
