/** The packages of npm that the program consists of, bundled ones too, with their licences. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import manifest from '../../package.json' with { type: 'json' };
import { packagesIn } from '../bundled-licenses.mjs';
import { ROOT } from './tools.ts';

/** A package that is distributed with the program. */
export interface Dependency {
  name: string;
  version: string;
  /** As SPDX writes it. */
  license: string;
  /** Where npm has installed it. */
  folder: string;
  integrity: string;
}

interface LockedPackage {
  version: string;
  license?: string;
  integrity?: string;
  dependencies?: Record<string, string>;
}

/** The packages of `package-lock.json`, by their folder. */
export function readLockFile(): Record<string, LockedPackage> {
  const text = readFileSync(join(ROOT, 'package-lock.json'), 'utf8');
  return (JSON.parse(text) as { packages: Record<string, LockedPackage> }).packages;
}

/** What npm installs with the program, and what the build has bundled; sorted by name. */
export function findDependencies(): Dependency[] {
  const packages = readLockFile();
  const installed = new Set(Object.keys(manifest.dependencies));
  // A set also yields what is added meanwhile.
  for (const name of installed) {
    for (const next of Object.keys(packages[`node_modules/${name}`]?.dependencies ?? {})) installed.add(next);
  }
  const bundled = packagesIn(readFileSync(join(ROOT, 'dist/licenses.txt'), 'utf8'));
  return [...new Set([...installed, ...bundled])].toSorted().map((name) => {
    const { version = '', license = '', integrity = '' } = packages[`node_modules/${name}`] ?? {};
    if (license === '') throw new Error(`package-lock.json does not name the licence of ${name}`);
    return { name, version, license, integrity, folder: join(ROOT, 'node_modules', name) };
  });
}
