import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { cacheDirectory, cachedDirectory } from './cache.ts';
import { VmError } from './errors.ts';
import { runHostCommand } from './host-command.ts';
import { GUEST_MODULES, moduleClosure, moduleIndex } from './kernel-modules.ts';

/** The kernels of the tests, by the name that `--kernel` takes. */
export const KERNEL_NAMES = ['5.10', '6.1', '6.12', 'newest'] as const;

/** One of {@link KERNEL_NAMES}. */
export type KernelName = (typeof KERNEL_NAMES)[number];

/** A kernel that is ready to boot. */
export interface Kernel {
  readonly name: KernelName;
  /** What `uname -r` prints in the guest, such as `6.12.117+deb13-amd64`. */
  readonly release: string;
  /** The Debian packages that it came from, as `name=version`. */
  readonly packages: readonly string[];
  /** Path of the bootable image. */
  readonly vmlinuz: string;
  /** Folder of the modules that the guest needs, as Debian ships them. */
  readonly modulesDirectory: string;
}

interface Suite {
  readonly archive: 'debian' | 'debian-security';
  readonly suite: string;
}

/** The mirror of Debian that guests and the tests of packages are made from. */
export const MIRROR = process.env.CMEMSTAT_VM_MIRROR ?? 'http://deb.debian.org';
const KEYRING = '/usr/share/keyrings/debian-archive-keyring.gpg';

const SUITES: Readonly<Record<KernelName, readonly Suite[]>> = {
  '5.10': [
    { archive: 'debian', suite: 'bullseye' },
    { archive: 'debian-security', suite: 'bullseye-security' },
  ],
  '6.1': [
    { archive: 'debian', suite: 'bookworm' },
    { archive: 'debian-security', suite: 'bookworm-security' },
  ],
  '6.12': [
    { archive: 'debian', suite: 'trixie' },
    { archive: 'debian-security', suite: 'trixie-security' },
  ],
  newest: [{ archive: 'debian', suite: 'trixie-backports' }],
};

/**
 * Returns the newest kernel of that series in Debian, from the cache if present.
 * A cached kernel costs no network access and is kept until its folder is deleted.
 *
 * @throws VmError if the host lacks a program, or Debian's mirror cannot be reached or lacks such a kernel.
 */
export async function prepareKernel(name: KernelName): Promise<Kernel> {
  // The list of modules is part of the key: a cached kernel contains only those.
  const key = path.join('kernels', `${name}-${GUEST_MODULES.join('.')}`);
  const directory = await cachedDirectory(key, (scratch) => downloadKernel(name, scratch));
  const description: unknown = JSON.parse(await readFile(path.join(directory, 'kernel.json'), 'utf8'));
  const { release, packages } = description as Pick<Kernel, 'release' | 'packages'>;
  return {
    name,
    release,
    packages,
    vmlinuz: path.join(directory, 'vmlinuz'),
    modulesDirectory: path.join(directory, 'modules'),
  };
}

async function downloadKernel(name: KernelName, directory: string): Promise<void> {
  if (process.arch !== 'x64') {
    throw new VmError(`the test kernels are for x86-64, this host is ${process.arch}`);
  }
  process.stderr.write(`cmemstat-vm: downloading kernel ${name} into ${cacheDirectory()}\n`);
  const scratch = path.join(directory, 'scratch');
  const apt = await PrivateApt.open(path.join(scratch, 'apt'), SUITES[name]);
  const choice = await chooseKernel(apt, name);

  const unpacked = path.join(scratch, 'unpacked');
  await mkdir(unpacked);
  for (const archive of await apt.download(choice.packages)) {
    await runHostCommand('dpkg-deb', ['-x', archive, unpacked]);
  }

  const lib = [path.join(unpacked, 'usr/lib/modules'), path.join(unpacked, 'lib/modules')];
  const modules = lib.map((folder) => path.join(folder, choice.release)).filter(existsSync);
  const images = [
    path.join(unpacked, 'boot', `vmlinuz-${choice.release}`),
    ...modules.flatMap((folder) => [path.join(folder, 'vmlinuz'), path.join(folder, 'vmlinuz.unsigned')]),
  ].filter(existsSync);
  const image = images[0];
  if (image === undefined || modules.length === 0) {
    throw new VmError(`${choice.packages.join(', ')} hold no kernel image or no modules`);
  }
  await copyFile(image, path.join(directory, 'vmlinuz'));
  await chmod(path.join(directory, 'vmlinuz'), 0o644);

  await mkdir(path.join(directory, 'modules'));
  const index = await moduleIndex(modules);
  for (const file of await moduleClosure(index, GUEST_MODULES)) {
    await copyFile(file, path.join(directory, 'modules', path.basename(file)));
  }
  await writeFile(
    path.join(directory, 'kernel.json'),
    `${JSON.stringify({ release: choice.release, packages: choice.packages }, null, 2)}\n`,
  );
  await rm(scratch, { recursive: true });
}

interface KernelChoice {
  readonly release: string;
  readonly packages: readonly string[];
}

/**
 * Debian ships a kernel either completely, as `linux-image-<release>`, or (since 6.19) as
 * `linux-binary-<release>` and `linux-modules-<release>`; a version that is not signed yet is only in
 * `linux-binary-unsigned-<release>`.
 */
async function chooseKernel(apt: PrivateApt, name: KernelName): Promise<KernelChoice> {
  const names = new Set(await apt.packageNames('linux-'));
  const pattern = /^linux-(?:image|binary|binary-unsigned)-(\d+\.\d+\.\d+.*-amd64)$/;
  const candidates = new Map<string, string[]>();
  for (const packageName of names) {
    const release = pattern.exec(packageName)?.[1];
    if (release === undefined || /-(?:cloud|rt)-amd64$/.test(release)) continue;
    const modules = `linux-modules-${release}`;
    if (!names.has(modules)) {
      candidates.set(release, [packageName]);
    } else if (packageName.startsWith('linux-binary')) {
      candidates.set(release, [packageName, modules]);
    }
  }

  const versions = await apt.newestVersions([...candidates.values()].flat());
  let best: { version: string; choice: KernelChoice } | undefined;
  for (const [release, packages] of candidates) {
    const found = packages.map((each) => versions.get(each));
    const version = found[0];
    const isOfSeries = name === 'newest' || version?.startsWith(`${name}.`) === true;
    if (version === undefined || found.includes(undefined) || !isOfSeries) continue;
    if (best === undefined || (await isNewerVersion(version, best.version))) {
      const pinned = packages.map((each) => `${each}=${versions.get(each)}`);
      best = { version, choice: { release, packages: pinned } };
    }
  }
  if (best === undefined) {
    const suites = SUITES[name].map(({ suite }) => suite).join(', ');
    throw new VmError(`${MIRROR} has no plain ${name} kernel for amd64 in ${suites}`, {
      hint: 'name another mirror of these suites: CMEMSTAT_VM_MIRROR=http://archive.debian.org',
    });
  }
  return best.choice;
}

function isNewerVersion(version: string, than: string): Promise<boolean> {
  return runHostCommand('dpkg', ['--compare-versions', version, 'gt', than]).then(
    () => true,
    () => false,
  );
}

/** apt with a separate sources list, package lists and cache: the machine's are neither read nor changed. */
class PrivateApt {
  readonly #directory: string;
  readonly #options: readonly string[];

  private constructor(directory: string) {
    this.#directory = directory;
    this.#options = [
      `Dir::Etc::SourceList=${path.join(directory, 'sources.list')}`,
      'Dir::Etc::SourceParts=/dev/null',
      'Dir::Etc::Preferences=/dev/null',
      'Dir::Etc::PreferencesParts=/dev/null',
      `Dir::State::Lists=${path.join(directory, 'lists')}`,
      `Dir::State::Status=${path.join(directory, 'status')}`,
      `Dir::Cache=${path.join(directory, 'cache')}`,
      'APT::Architecture=amd64',
      'APT::Architectures=amd64',
      'APT::Sandbox::User=',
      'Acquire::Languages=none',
      'Acquire::Retries=3',
      // The security suite of an unsupported release keeps its last, expired date.
      'Acquire::Check-Valid-Until=false',
    ].flatMap((option) => ['-o', option]);
  }

  static async open(directory: string, suites: readonly Suite[]): Promise<PrivateApt> {
    if (!existsSync(KEYRING)) {
      throw new VmError(`${KEYRING} is missing`, {
        hint: 'apt-get install -y --no-install-recommends debian-archive-keyring',
      });
    }
    await mkdir(path.join(directory, 'lists', 'partial'), { recursive: true });
    await mkdir(path.join(directory, 'cache', 'archives', 'partial'), { recursive: true });
    await writeFile(path.join(directory, 'status'), '');
    const lines = suites.map(
      ({ archive, suite }) => `deb [arch=amd64 signed-by=${KEYRING}] ${MIRROR}/${archive} ${suite} main\n`,
    );
    await writeFile(path.join(directory, 'sources.list'), lines.join(''));
    const apt = new PrivateApt(directory);
    await apt.#run('apt-get', ['-q', 'update', '--error-on=any']);
    return apt;
  }

  async packageNames(prefix: string): Promise<string[]> {
    return lines(await this.#run('apt-cache', ['pkgnames', prefix]));
  }

  async newestVersions(names: readonly string[]): Promise<Map<string, string>> {
    const versions = new Map<string, string>();
    // Its lines are `name | version | where`, the newest version of a name first.
    for (const line of lines(await this.#run('apt-cache', ['madison', ...names]))) {
      const [name, version] = line.split('|').map((field) => field.trim());
      if (name !== undefined && version !== undefined && !versions.has(name)) {
        versions.set(name, version);
      }
    }
    return versions;
  }

  async download(packages: readonly string[]): Promise<string[]> {
    await this.#run('apt-get', ['-q', 'download', ...packages]);
    const files = await readdir(this.#directory);
    return files.filter((file) => file.endsWith('.deb')).map((file) => path.join(this.#directory, file));
  }

  #run(command: string, args: readonly string[]): Promise<Buffer> {
    return runHostCommand(command, [...this.#options, ...args], { cwd: this.#directory }).catch(
      (error: unknown) => {
        throw new VmError(`asking Debian's package lists failed: ${String(error)}`, {
          hint: `see that ${MIRROR} can be reached, or name another mirror in CMEMSTAT_VM_MIRROR`,
          cause: error,
        });
      },
    );
  }
}

function lines(output: Buffer): string[] {
  return output
    .toString()
    .split('\n')
    .filter((line) => line !== '');
}
