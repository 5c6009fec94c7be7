/** A tree of files to be packed, and what all trees contain. */
import { chmodSync, copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import manifest from '../../package.json' with { type: 'json' };
import { readLicense } from '../bundled-licenses.mjs';
import { findDependencies } from './dependencies.ts';
import { addonFile, fetchRuntime } from './fetch-package.ts';
import { type Arch, ROOT, runTool } from './tools.ts';

/** Where packages are written. */
export interface PackagePlaces {
  /** The folder of the packages. */
  out: string;
  /** For intermediate files. */
  work: string;
  /** The time of all files, in seconds. */
  epoch: number;
}

/** Files below a folder; every user can read them, whatever they are copied from. */
export class Tree {
  readonly root: string;

  constructor(root: string) {
    this.root = root;
    mkdirSync(root, { recursive: true });
  }

  /** Writes a file. */
  write(path: string, contents: string | Buffer, mode = 0o644): void {
    writeFileSync(this.#place(path), contents);
    chmodSync(join(this.root, path), mode);
  }

  /** Copies a file. */
  copy(path: string, from: string, mode = 0o644): void {
    copyFileSync(from, this.#place(path));
    chmodSync(join(this.root, path), mode);
  }

  #place(path: string): string {
    const file = join(this.root, path);
    mkdirSync(dirname(file), { recursive: true });
    return file;
  }
}

/** Adds the manual page and the completions; `zsh` is the folder that a shell of that name searches. */
export function addShellFiles(tree: Tree, prefix: string, zsh: string): void {
  tree.copy(`${prefix}/share/man/man1/cmemstat.1.gz`, join(ROOT, 'dist/cmemstat.1.gz'));
  const completion = (shell: string) =>
    runTool(process.execPath, [join(ROOT, 'bin/cmemstat.js'), 'completion', shell]);
  tree.write(`${prefix}/share/bash-completion/completions/cmemstat`, completion('bash'));
  tree.write(`${prefix}/share/zsh/${zsh}/_cmemstat`, completion('zsh'));
  tree.write(`${prefix}/share/fish/vendor_completions.d/cmemstat.fish`, completion('fish'));
}

/** Adds our licence and those of all packages; with `arch` also that of its Node.js. */
export function addLicenses(tree: Tree, folder: string, arch?: Arch): void {
  tree.copy(`${folder}/LICENSE`, join(ROOT, 'LICENSE'));
  for (const each of findDependencies()) {
    tree.write(`${folder}/licenses/${each.name}/LICENSE`, readLicense(each.folder));
  }
  if (arch !== undefined) tree.copy(`${folder}/licenses/node/LICENSE`, join(fetchRuntime(arch), 'LICENSE'));
}

/** Adds the native part of koffi, where the executable looks for it: it need not write it into a cache. */
export function addAddon(tree: Tree, prefix: string, arch: Arch): void {
  const { koffi } = manifest.dependencies;
  tree.copy(`${prefix}/lib/cmemstat/koffi-${koffi}-${arch}.node`, addonFile(arch));
}

/** Packs files below a folder, without the names, numbers and times of the builder; a path of `.` is all. */
export function packTar(file: string, root: string, path: string, epoch: number): void {
  const same = ['--sort=name', `--mtime=@${epoch}`, '--owner=0', '--group=0', '--numeric-owner'];
  runTool('tar', [...same, '--format=ustar', '-cf', file, '-C', root, path]);
}
