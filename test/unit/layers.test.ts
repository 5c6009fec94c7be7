/** The layers of src, as in docs/architecture.md: every import goes to a lower layer or stays in its own. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, normalize, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { PROJECT } from '../paths.ts';

/** The top folders of src, the lowest first. Those on one line do not import each other. */
const LAYERS: readonly (readonly string[])[] = [
  ['.'],
  ['kernel'],
  ['model', 'format', 'statistics'],
  ['recording', 'cgroup', 'target'],
  ['budget', 'sampler'],
  ['output'],
  ['report', 'view', 'export'],
  ['app'],
  ['cli'],
];

/** The only place that imports a package. */
const PACKAGES: Readonly<Record<string, string>> = {
  koffi: 'kernel/bpf/sys',
  blessed: 'view/terminal',
  commander: 'cli',
  pidusage: 'sampler',
  uplot: 'report/html/page',
  'js-yaml': 'app/exporter/web',
  'd3-hierarchy': 'report/html/draw',
  'd3-shape': 'report/html/draw',
};

const MAX_FILES = 20;

const IMPORT = /(?:\bfrom|\bimport\()\s*'([^']+)'|^import '([^']+)'/gm;

interface Import {
  from: string;
  /** A path below src, or the name of a package. */
  to: string;
  isPackage: boolean;
}

const textOf = (file: string) => readFileSync(join(PROJECT, 'src', file), 'utf8');

/** Every import of a source; paths are relative to src. */
function parseImports(from: string, text: string): Import[] {
  return [...text.matchAll(IMPORT)].map(([, named, bare]): Import => {
    const to = named ?? bare ?? '';
    if (to.startsWith('#src/')) return { from, to: to.slice('#src/'.length), isPackage: false };
    return to.startsWith('.')
      ? { from, to: normalize(join(dirname(from), to)), isPackage: false }
      : { from, to, isPackage: true };
  });
}

/** The folders below the top folders of src. */
function innerFolders(): string[] {
  return readdirSync(join(PROJECT, 'src'), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => relative(join(PROJECT, 'src'), join(entry.parentPath, entry.name)))
    .filter((folder) => folder.includes('/'));
}

const topFolderOf = (path: string) => (dirname(path) === '.' ? '.' : (path.split('/')[0] ?? ''));
const layerOf = (path: string) => LAYERS.findIndex((folders) => folders.includes(topFolderOf(path)));
const describeImport = ({ from, to }: Import) => `${from} imports ${to}`;

/** Whether an import goes to a lower layer, or stays in its top folder. */
function pointsDown({ from, to }: Import): boolean {
  return layerOf(to) < layerOf(from) || topFolderOf(to) === topFolderOf(from);
}

/** The pairs of folders that import each other, `a <-> b`. */
function findMutual(imports: readonly Import[]): { arrows: number; mutual: string[] } {
  const arrows = new Set(
    imports
      .filter(({ from, to }) => dirname(from) !== dirname(to))
      .map(({ from, to }) => `${dirname(from)} -> ${dirname(to)}`),
  );
  const mutual = [...arrows].filter((arrow) => arrows.has(arrow.split(' -> ').reverse().join(' -> ')));
  return { arrows: arrows.size, mutual };
}

/** The groups of files that import each other, directly or through others; imports of types count too. */
function findCycles(imports: readonly Import[]): string[][] {
  const targets = new Map<string, string[]>();
  for (const { from, to } of imports) targets.set(from, [...(targets.get(from) ?? []), to]);
  const reachable = (start: string) => {
    const seen = new Set<string>();
    const open = [start];
    for (let file = open.pop(); file !== undefined; file = open.pop()) {
      for (const to of targets.get(file) ?? []) {
        if (!seen.has(to)) open.push(to);
        seen.add(to);
      }
    }
    return seen;
  };
  const all = new Map([...targets.keys()].map((file) => [file, reachable(file)]));
  const cycles = [...all].flatMap(([file, seen]) =>
    seen.has(file) ? [[...seen].filter((other) => all.get(other)?.has(file)).toSorted()] : [],
  );
  return [...new Map(cycles.map((cycle) => [cycle.join(), cycle])).values()];
}

function countBy(files: readonly string[], keyOf: (file: string) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const file of files) counts.set(keyOf(file), (counts.get(keyOf(file)) ?? 0) + 1);
  return counts;
}

describe('the layers of src', () => {
  const files = readdirSync(join(PROJECT, 'src'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  const imports = files.flatMap((file) => parseImports(file, textOf(file)));
  const own = imports.filter(({ isPackage }) => !isPackage);

  it('has a layer for every folder', () => {
    expect(files.filter((file) => layerOf(file) === -1)).toEqual([]);
    expect(LAYERS.flat().filter((name) => !files.some((file) => topFolderOf(file) === name))).toEqual([]);
  });

  it('imports only downwards', () => {
    expect(own.length).toBeGreaterThan(files.length);
    expect(own.filter((each) => !pointsDown(each)).map(describeImport)).toEqual([]);
  });

  it('has no two folders that import each other', () => {
    const { arrows, mutual } = findMutual(own);
    console.log(`${arrows} pairs of folders: ${arrows - mutual.length} one way, ${mutual.length} both ways`);
    expect(mutual).toEqual([]);
  });

  it('has no files that import each other, also through others', () => {
    expect(findCycles(own)).toEqual([]);
  });

  it('imports each package in a single place', () => {
    const wrong = imports.filter(({ from, to, isPackage }) => {
      const place = PACKAGES[to.split('/')[0] ?? ''];
      return isPackage && place !== undefined && dirname(from) !== place && !from.startsWith(`${place}/`);
    });
    expect(wrong.map(describeImport)).toEqual([]);
    for (const name of Object.keys(PACKAGES)) {
      expect(
        imports.some(({ to }) => to === name || to.startsWith(`${name}/`)),
        name,
      ).toBe(true);
    }
  });

  it(`has at most ${MAX_FILES} files in a folder, and uses a name once`, () => {
    const filesIn = countBy(files, dirname);
    expect([...filesIn].filter(([, count]) => count > MAX_FILES)).toEqual([]);
    const uses = countBy(files, basename);
    const twice = files.filter((file) => (uses.get(basename(file)) ?? 0) > 1);
    // The same kernel file in two versions of cgroups.
    expect(twice.toSorted()).toEqual(['kernel/cgroup1/memory-stat.ts', 'kernel/cgroup2/memory-stat.ts']);
  });

  it('has no names that say nothing, and no files that only export others', () => {
    const vague = /^(index|utils?|helpers?|common|misc|lib|types)\.ts$/;
    expect(files.filter((file) => vague.test(basename(file)))).toEqual([]);
    const barrels = files.filter((file) => /^export (?:type )?[*{][^;]*\bfrom\b/m.test(textOf(file)));
    expect(barrels).toEqual([]);
  });

  it(`has at most ${MAX_FILES} files in a folder of tests`, () => {
    const tests = readdirSync(join(PROJECT, 'test'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(PROJECT, join(entry.parentPath, entry.name)))
      // Captured files have the layout of the kernel.
      .filter((file) => !file.startsWith('test/fixtures/kernel/'));
    expect(tests).toContain('test/unit/layers.test.ts');
    expect([...countBy(tests, dirname)].filter(([, count]) => count > MAX_FILES)).toEqual([]);
  });

  it('has each name of what is shared by tests once', () => {
    const shared = readdirSync(join(PROJECT, 'test'), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /(?<!\.test)\.ts$/.test(entry.name))
      .map(({ name }) => name)
      // The sources of programs that tests start have the names of these.
      .filter((name) => !readdirSync(join(PROJECT, 'test/integration/targets')).includes(name));
    expect(shared).toContain('document-targets.ts');
    expect([...countBy(shared, (name) => name)].filter(([, count]) => count > 1)).toEqual([]);
  });

  it('matches docs/architecture.md', () => {
    const page = readFileSync(join(PROJECT, 'docs/architecture.md'), 'utf8');
    const layers = LAYERS.map((folders) => (folders.includes('.') ? 'errors' : folders.join(', ')));
    expect(page).toContain(layers.join(' <- '));
    for (const folder of LAYERS.flat().filter((name) => name !== '.'))
      expect(page).toContain(`\`${folder}/\``);
  });

  it('has folders that docs/architecture.md names in the row of their top folder', () => {
    const page = readFileSync(join(PROJECT, 'docs/architecture.md'), 'utf8');
    const rows = page.split('\n').filter((line) => line.startsWith('| `'));
    const folders = innerFolders();
    expect(folders).toContain('kernel/bpf');
    expect(folders).toContain('target/stub/compiled');
    const unnamed = folders.filter((folder) => {
      const row = rows.find((line) => line.split('|')[1]?.includes(`\`${topFolderOf(folder)}/\``));
      return row?.includes(`\`${basename(folder)}/\``) !== true;
    });
    expect(unnamed).toEqual([]);
  });

  it.each([
    ["import { a } from '../panels/b.ts';", 'view/panels/b.ts', false],
    ["import { a } from '#src/view/panels/b.ts';", 'view/panels/b.ts', false],
    ["const { a } = await import('#src/report/text.ts');", 'report/text.ts', false],
    ["import { a } from 'blessed';", 'blessed', true],
  ])('reads the import of %s', (text, to, isPackage) => {
    expect(parseImports('view/state/a.ts', text)).toEqual([{ from: 'view/state/a.ts', to, isPackage }]);
  });

  it('detects an import upwards, sideways, back or around', () => {
    const at = (from: string, to: string): Import => ({ from, to, isPackage: false });
    expect(pointsDown(at('kernel/procfs/statm.ts', 'budget/propose.ts'))).toBe(false);
    expect(pointsDown(at('view/panels/frame.ts', 'report/text.ts'))).toBe(false);
    expect(pointsDown(at('errors.ts', 'kernel/number.ts'))).toBe(false);
    expect(pointsDown(at('cli/main.ts', 'errors.ts'))).toBe(true);
    const both = [at('view/state/a.ts', 'view/panels/b.ts'), at('view/panels/c.ts', 'view/state/d.ts')];
    expect(findMutual(both).mutual).toHaveLength(2);
    const around = [at('a.ts', 'b.ts'), at('b.ts', 'c.ts'), at('c.ts', 'a.ts'), at('d.ts', 'a.ts')];
    expect(findCycles(around)).toEqual([['a.ts', 'b.ts', 'c.ts']]);
  });
});
