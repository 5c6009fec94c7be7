/** `npm run package [-- x64]`: writes all packages into `out`, the same bytes from the same commit. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { packArchive } from './archive.ts';
import { writeChecksums } from './checksums.ts';
import { packDebian } from './debian.ts';
import { buildExecutable } from './executable.ts';
import { packImage } from './image.ts';
import { describeContents } from './sbom.ts';
import { type Arch, ROOT, runTool, sourceDate, VERSION } from './tools.ts';

const ARCHES: readonly Arch[] = ['x64', 'arm64'];

const wanted = process.argv.slice(2);
const unknown = wanted.find((each) => !ARCHES.some((arch) => arch === each));
if (unknown !== undefined) {
  console.error(`npm run package: unknown architecture ${unknown} (hint: ${ARCHES.join(', ')})`);
  process.exit(1);
}
const arches = ARCHES.filter((arch) => wanted.length === 0 || wanted.includes(arch));
const out = resolve(ROOT, process.env.CMEMSTAT_OUT ?? 'out');
const work = mkdtempSync(join(tmpdir(), 'cmemstat-package-'));
process.umask(0o022);
try {
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const made = { out, work, epoch: sourceDate() };
  runTool('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', out]);
  for (const arch of arches) {
    const folder = join(work, arch);
    mkdirSync(folder);
    const executable = join(out, `cmemstat-${VERSION}-linux-${arch}`);
    await buildExecutable(arch, executable, folder);
    const places = { ...made, work: folder };
    packArchive(arch, executable, places);
    packDebian(arch, places);
    packImage(arch, executable, places);
    rmSync(folder, { recursive: true });
  }
  describeContents(arches, made);
  writeChecksums(out);
} finally {
  rmSync(work, { recursive: true, force: true });
}
