/** The packages of npm that the program consists of, bundled ones too, with their licences. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
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

const IMPORT = /(?:\bfrom|\bimport\()\s*'((?:@[^/']+\/)?[a-z][^/':]*)[^':]*'/g;

/** The names of the packages that the sources import, and of those that these depend on; sorted. */
export function findDependencies(): Dependency[] {
  const { packages } = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, LockedPackage>;
  };
  const names = new Set(importedPackages());
  // A set also yields what is added meanwhile.
  for (const name of names) {
    for (const next of Object.keys(packages[`node_modules/${name}`]?.dependencies ?? {})) names.add(next);
  }
  return [...names].toSorted().map((name) => {
    const { version = '', license = '', integrity = '' } = packages[`node_modules/${name}`] ?? {};
    if (license === '') throw new Error(`package-lock.json does not name the licence of ${name}`);
    return { name, version, license, integrity, folder: join(ROOT, 'node_modules', name) };
  });
}

function importedPackages(): string[] {
  const folder = join(ROOT, 'src');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  const names = files.flatMap((file) =>
    [...readFileSync(join(folder, file), 'utf8').matchAll(IMPORT)].map(([, name = '']) => name),
  );
  return [...new Set(names)];
}
