import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { transformSync } from 'esbuild';
import { afterAll, describe, expect, it } from 'vitest';
import { PROJECT } from '../../paths.ts';

const ENTRY = resolve(PROJECT, 'bin/cmemstat.js');
const folder = mkdtempSync(join(tmpdir(), 'cmemstat-entry-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A copy of `bin` alone, as in a new clone. */
function clone(name: string): string {
  const root = join(folder, name);
  cpSync(resolve(PROJECT, 'bin'), join(root, 'bin'), { recursive: true });
  return root;
}

function run(args: readonly string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, args, { encoding: 'utf8' });
}

describe('bin/cmemstat.js', () => {
  it('is written in ES5, so that every Node.js can parse it', () => {
    const code = readFileSync(ENTRY, 'utf8');
    expect(transformSync(code, { target: 'es5' }).code).toBe(transformSync(code, { target: 'esnext' }).code);
  });

  it('starts without the options that the environment has for Node.js', () => {
    const [line = ''] = readFileSync(ENTRY, 'utf8').split('\n');
    // Linux before 5.1 reads no more.
    expect(line.length).toBeLessThan(128);
    const options = { encoding: 'utf8', env: { ...process.env, NODE_OPTIONS: '--no-such option' } } as const;
    for (const words of [[ENTRY], ['sh', '-c', `exec ${line.slice(2)} "$0" "$@"`, ENTRY]]) {
      const { stderr } = spawnSync(words[0] ?? '', [...words.slice(1), '--version'], options);
      expect(stderr).not.toContain('--no-such');
    }
  });

  it.each(['0.10.48', '12.22.12', '18.20.8', '19.9.0'])('rejects Node.js %s in one line', (version) => {
    const preload = join(folder, 'version.cjs');
    writeFileSync(preload, `Object.defineProperty(process.versions, 'node', { value: '${version}' });`);
    expect(run(['--require', preload, ENTRY, '--version'])).toMatchObject({
      status: 125,
      stdout: '',
      stderr: `cmemstat: Node.js ${version} is not supported (hint: install Node.js 20 or later)\n`,
    });
  });

  it('requires the version of Node.js in package.json', () => {
    const { engines } = JSON.parse(readFileSync(resolve(PROJECT, 'package.json'), 'utf8'));
    expect(engines.node).toBe('>=20');
    expect(readFileSync(ENTRY, 'utf8')).toContain('parseInt(process.versions.node, 10) < 20)');
  });

  it('reports in one line how to build a new clone', () => {
    const root = clone('fresh');
    mkdirSync(join(root, 'src'));
    expect(run([join(root, 'bin/cmemstat.js'), '--', 'true'])).toMatchObject({
      status: 125,
      stdout: '',
      stderr: `cmemstat: not built: ${root}/dist is missing or incomplete (hint: run npm ci in ${root})\n`,
    });
  });

  it('reports that an incomplete package has to be installed again', () => {
    const root = clone('installed');
    expect(run([join(root, 'bin/cmemstat.js'), '--', 'true']).stderr).toBe(
      `cmemstat: not built: ${root}/dist is missing or incomplete (hint: install it again: npm install --global cmemstat)\n`,
    );
  });

  it('reports the same for an incomplete build', () => {
    const root = clone('half');
    mkdirSync(join(root, 'dist'));
    writeFileSync(join(root, 'dist/start.cjs'), "exports.start = () => require('./cmemstat.cjs');");
    const { status, stderr } = run([join(root, 'bin/cmemstat.js'), '--', 'true']);
    expect(status).toBe(125);
    expect(stderr).toMatch(/^cmemstat: not built: .*\n$/);
  });

  it.each(['live-run.cjs', 'live-view.cjs.br'])(
    'names the missing chunk %s, whether the command needs it or not',
    (chunk) => {
      const root = clone(`holes ${chunk}`);
      cpSync(resolve(PROJECT, 'dist'), join(root, 'dist'), { recursive: true });
      rmSync(join(root, 'dist', chunk));
      const message = `cmemstat: ${root}/dist/${chunk} is missing`;
      expect(run([join(root, 'bin/cmemstat.js'), 'doctor'])).toMatchObject({
        status: 125,
        stdout: '',
        stderr: `${message} (hint: install it again: npm install --global cmemstat)\n`,
      });
      mkdirSync(join(root, 'src'));
      expect(run([join(root, 'bin/cmemstat.js'), 'doctor']).stderr).toBe(
        `${message} (hint: run npm ci in ${root})\n`,
      );
    },
  );

  it('names npm ci in a clone whose packages are not installed', () => {
    const root = clone('without packages');
    cpSync(resolve(PROJECT, 'dist'), join(root, 'dist'), { recursive: true });
    mkdirSync(join(root, 'src'));
    const { status, stderr } = run([join(root, 'bin/cmemstat.js'), 'maps']);
    expect(status).toBe(125);
    expect(stderr).toBe(`cmemstat: the package koffi is not installed (hint: run npm ci in ${root})\n`);
  });

  it('propagates the errors of a complete build', () => {
    const root = clone('whole');
    mkdirSync(join(root, 'dist'));
    writeFileSync(join(root, 'dist/start.cjs'), "exports.start = () => { throw new Error('a fault'); };");
    writeFileSync(join(root, 'dist/cmemstat.cjs'), '');
    expect(run([join(root, 'bin/cmemstat.js')]).stderr).toContain('Error: a fault');
  });
});
