/** The packed files, and the references to them in documents. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { addCommands } from '#src/cli/all-commands.ts';
import { declareProgram } from '#src/cli/program.ts';
import { PROJECT } from '../../paths.ts';
import { makeTree } from '../temporary-tree.ts';

const readText = (path: string) => readFileSync(resolve(PROJECT, path), 'utf8');
const manifest = JSON.parse(readText('package.json'));

const packed: readonly string[] = (() => {
  const words = ['pack', '--dry-run', '--json', '--ignore-scripts'];
  const { stdout } = spawnSync('npm', words, { cwd: PROJECT, encoding: 'utf8' });
  return (JSON.parse(stdout) as { files: { path: string }[] }[])[0]?.files.map(({ path }) => path) ?? [];
})();

/** Whether a file, or a folder with files, is in the package; build results count as packed. */
function isPacked(path: string): boolean {
  const name = path.replace(/\/$/, '');
  return name.startsWith('dist/') || packed.some((each) => each === name || each.startsWith(`${name}/`));
}

/** The help of the program and of all its commands. */
function helpTexts(): string {
  const program = declareProgram();
  addCommands(program, () => {});
  const nested = program.commands.flatMap((each) => [each, ...each.commands]);
  return [program, ...nested].map((each) => each.helpInformation()).join('\n');
}

/** Files of the project that a text names, such as `docs/budgets.md`. */
const mentions = (text: string) =>
  [
    ...text.matchAll(
      /(?<![\w/.@-])(?:docs|examples|schema|man|action|bin)\/[\w./-]*\w|(?<![\w/])action\.yml\b/g,
    ),
  ].map(([path]) => path);

/** Files that a Markdown text links to, relative to the root. */
const links = (path: string) =>
  [...readText(path).matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)].map(([, target = '']) =>
    normalize(join(dirname(path), target)),
  );

const documents = packed.filter((path) => path.endsWith('.md'));

describe('the package', () => {
  it('has a manual page that npm installs: it is in an array', () => {
    expect(manifest.man).toEqual(['dist/cmemstat.1.gz']);
    expect(packed).toContain('dist/cmemstat.1.gz');
  });

  it('has the licence of each package that is bundled', () => {
    const text = readText('dist/licenses.txt');
    const headings = [...text.matchAll(/^(\S+) \d+\.\S+ \([\w.-]+\)$/gm)].map(([, name]) => name);
    for (const name of ['bcryptjs', 'commander', 'd3-hierarchy', 'd3-shape', 'js-yaml', 'uplot']) {
      expect(headings).toContain(name);
    }
    expect(text.match(/Permission (?:is hereby granted|to use, copy)/g)?.length).toBeGreaterThanOrEqual(
      headings.filter((name) => name !== 'bcryptjs').length,
    );
  });

  it('names its repository, its home page and its issue tracker', () => {
    const { url } = manifest.repository;
    expect(url).toMatch(/^git\+https:\/\/github\.com\/[\w-]+\/cmemstat\.git$/);
    const page = url.replace(/^git\+|\.git$/g, '');
    expect(manifest.homepage).toBe(`${page}#readme`);
    expect(manifest.bugs).toBe(`${page}/issues`);
  });

  it.each([
    ['help', helpTexts()],
    ['the manual page', readText('man/cmemstat.1').replaceAll('\\-', '-')],
    ['README.md', readText('README.md')],
    ...packed.filter((path) => /^(examples|schema|action)/.test(path)).map((path) => [path, readText(path)]),
  ])('contains every file that %s names', (_, text = '') => {
    expect(mentions(text).filter((path) => !isPacked(path))).toEqual([]);
  });

  it('contains every document that a message of the program names', () => {
    const sources = readdirSync(resolve(PROJECT, 'src'), { recursive: true, encoding: 'utf8' });
    const texts = sources.filter((path) => path.endsWith('.ts')).map((path) => readText(join('src', path)));
    const named = texts.flatMap(mentions).filter((path) => /^(docs|examples)\//.test(path));
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((path) => !isPacked(path))).toEqual([]);
  });

  it('is named in texts at all: the search finds docs/budgets.md', () => {
    expect(mentions(helpTexts())).toContain('docs/budgets.md');
    expect(documents).toEqual(expect.arrayContaining(['README.md', 'docs/budgets.md']));
  });

  it('links to files of the repository that exist', () => {
    const repository = `${manifest.homepage.replace('#readme', '')}/`;
    const paths = [...documents, 'CONTRIBUTING.md'].flatMap((document) =>
      readText(document)
        .split(repository)
        .slice(1)
        .map((text) => /^(?:blob|tree)\/main\/([^)#\s]+)/.exec(text)?.[1] ?? text.slice(0, 60)),
    );
    expect(paths.length).toBeGreaterThan(0);
    expect(paths.filter((path) => !existsSync(resolve(PROJECT, path)))).toEqual([]);
  });

  it.each(documents)('contains every file that %s links to', (path) => {
    expect(links(path).filter((target) => !isPacked(target))).toEqual([]);
  });

  it('has a CONTRIBUTING.md with valid links', () => {
    expect(links('CONTRIBUTING.md').filter((target) => !existsSync(resolve(PROJECT, target)))).toEqual([]);
  });
});

describe('CONTRIBUTING.md', () => {
  it('names every npm script, and no other', () => {
    const named = [...readText('CONTRIBUTING.md').matchAll(/npm (?:run )?([\w:]+)/g)].map(([, name]) => name);
    const scripts = Object.keys(manifest.scripts);
    expect(scripts.filter((name) => !named.includes(name))).toEqual([]);
    const rows = [...readText('CONTRIBUTING.md').matchAll(/^\| `npm (?:run )?([\w:]+)` \|/gm)].map(
      ([, name]) => name,
    );
    expect(rows.toSorted()).toEqual(scripts.toSorted());
  });
});

describe('CHANGELOG.md', () => {
  it('has a section for unreleased changes and one for the version of the package', () => {
    const sections = [...readText('CHANGELOG.md').matchAll(/^## \[([^\]]+)\]/gm)].map(([, name]) => name);
    expect(sections[0]).toBe('Unreleased');
    expect(sections).toContain(manifest.version);
  });

  it('says each change once', () => {
    const lines = readText('CHANGELOG.md')
      .split('\n')
      .filter((line) => line.startsWith('- '));
    expect(lines.filter((line, index) => lines.indexOf(line) !== index)).toEqual([]);
  });
});

it('is not built without the development dependencies, which is reported in one line', () => {
  const root = makeTree(
    Object.fromEntries(
      ['bundle', 'bundle-page', 'bundle-plugins', 'bundled-licenses']
        .map((name) => `build/${name}.mjs`)
        .map((path) => [path, readText(path)]),
    ),
  );
  const { status, stderr } = spawnSync(process.execPath, [join(root, 'build/bundle.mjs')], {
    encoding: 'utf8',
  });
  expect([status, stderr]).toEqual([
    1,
    'the build requires the development dependencies (hint: run npm ci without --omit=dev and NODE_ENV=production)\n',
  ]);
});

it('has no script that npm reports as an install script, and is built after npm ci and before packing', () => {
  const names = Object.keys(manifest.scripts);
  expect(names.filter((name) => ['preinstall', 'install', 'postinstall', 'prepare'].includes(name))).toEqual(
    [],
  );
  expect(manifest.scripts).toMatchObject({ prepublish: 'npm run build', prepack: 'npm run build' });
});
