import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { appendFile, chmod, chown, mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { cacheDirectory, cachedDirectory } from './cache.ts';
import { VmError } from './errors.ts';
import { DEFAULT_MEMORY_MIB, DEFAULT_TIMEOUT_MS, type GuestCommand } from './guest.ts';
import {
  basicEnvironment,
  formatJobScript,
  quote,
  READONLY_9P,
  RUN_SHARE,
  resolveDirectory,
  swapOn,
  WRITABLE_9P,
} from './guest-scripts.ts';
import { runHostCommand } from './host-command.ts';
import { buildInitramfs } from './initramfs.ts';
import { type KernelName, MIRROR, prepareKernel } from './kernels.ts';
import { type GuestResult, runMachine } from './qemu.ts';

/** The command of a guest with systemd, and its options. */
export interface SystemdGuestCommand extends Omit<GuestCommand, 'kernel' | 'visibleInTmp'> {
  /** Default: 6.12, the kernel of the Debian release in the guest. */
  readonly kernel?: KernelName | undefined;
  /** Debian packages besides those that the tests need, such as `podman`. */
  readonly packages?: readonly string[] | undefined;
}

const SUITE = 'trixie';

// The host's node requires libstdc++6 beyond the packages of every Debian; procps is for ps, bpftool for the
// tests, and the packages from crun on for containers.
const PACKAGES = [
  'systemd',
  'systemd-sysv',
  'libpam-systemd',
  'dbus',
  'dbus-user-session',
  'libstdc++6',
  'procps',
  'bpftool',
  'crun',
  'golang-github-containers-common',
  'netavark',
  'podman',
  'runc',
  'uidmap',
];

// The tests do not need these, and each of them costs time in emulation.
const MASKED_UNITS = [
  'apt-daily-upgrade.timer',
  'apt-daily.timer',
  'console-getty.service',
  'dev-hugepages.mount',
  'dev-mqueue.mount',
  'dpkg-db-backup.timer',
  'e2scrub_reap.service',
  'fstrim.timer',
  'getty.target',
  'ldconfig.service',
  'modprobe@configfs.service',
  'modprobe@drm.service',
  'modprobe@efi_pstore.service',
  'modprobe@fuse.service',
  'remote-fs.target',
  'run-lock.mount',
  'sys-fs-fuse-connections.mount',
  'sys-kernel-config.mount',
  'sys-kernel-debug.mount',
  'sys-kernel-tracing.mount',
  'systemd-binfmt.service',
  'systemd-firstboot.service',
  'systemd-hwdb-update.service',
  'systemd-journal-catalog-update.service',
  'systemd-journal-flush.service',
  'systemd-machine-id-commit.service',
  'systemd-modules-load.service',
  'systemd-network-generator.service',
  'systemd-pcrphase.service',
  'systemd-pstore.service',
  'systemd-random-seed.service',
  'systemd-remount-fs.service',
  'systemd-sysctl.service',
  'systemd-sysusers.service',
  'systemd-timesyncd.service',
  'systemd-tmpfiles-clean.timer',
  'systemd-tmpfiles-setup-dev-early.service',
  'systemd-tmpfiles-setup-dev.service',
  'systemd-update-done.service',
  'systemd-update-utmp.service',
  'tmp.mount',
];

const USER = { name: 'tester', uid: 1000 };

/**
 * Boots Debian with systemd as its init and runs one command in it: as root in a service of the system
 * manager, or as an ordinary user in a login session, with a user manager that lingers.
 *
 * The guest has its own files; of the host it mounts `node` and the project of `cwd`, both read-only under
 * their own paths.
 *
 * @throws GuestError if the guest panicked, hung or reached the time limit.
 * @throws VmError if the guest cannot be started here; the hint names the fix.
 */
export async function bootSystemdGuest(options: SystemdGuestCommand): Promise<GuestResult> {
  const kernel = await prepareKernel(options.kernel ?? '6.12');
  const rootDirectory = await prepareRootFileSystem(options.packages);
  const cwd = await resolveDirectory(options.cwd);
  const asUser = options.asUser === true;
  // A login session sets the user's HOME itself.
  const env = { ...basicEnvironment(), ...(asUser ? {} : { HOME: '/root' }), ...options.env };
  const script = initScript({
    hostDirectories: [projectDirectory(cwd)],
    hostFiles: [process.execPath],
    unit: formatUnit(asUser),
    swapMiB: options.swapMiB ?? 0,
  });
  return await runMachine({
    kernel,
    initramfs: await buildInitramfs({ kernel, script }),
    kernelArgs: ['systemd.show_status=auto', 'systemd.hostname=guest', ...(options.kernelArgs ?? [])],
    memoryMiB: options.memoryMiB ?? DEFAULT_MEMORY_MIB,
    shares: [
      { tag: 'rootfs', directory: rootDirectory, readonly: true },
      { tag: 'hostroot', directory: '/', readonly: true },
    ],
    job: formatJobScript(env, cwd, options.command),
    timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    onStdout: options.onStdout,
    onStderr: options.onStderr,
  });
}

/** The nearest folder at or above `directory` with a package.json, else the folder itself. */
function projectDirectory(directory: string): string {
  for (let each = directory; each !== '/'; each = path.dirname(each)) {
    if (existsSync(path.join(each, 'package.json'))) return each;
  }
  return directory;
}

function formatUnit(asUser: boolean): string {
  // PAM's login creates a session: the process moves into a session scope and gets XDG_RUNTIME_DIR.
  const identity = asUser ? `User=${USER.name}\nPAMName=login\n` : '';
  return `[Unit]
Description=The command of the virtual machine
After=multi-user.target systemd-user-sessions.service user@${USER.uid}.service
Wants=user@${USER.uid}.service

[Service]
${identity}ExecStart=/bin/sh -c 'echo > ${RUN_SHARE}/started; /bin/sh ${RUN_SHARE}/job; echo $? > ${RUN_SHARE}/status'
StandardInput=null
StandardOutput=append:${RUN_SHARE}/stdout
StandardError=append:${RUN_SHARE}/stderr
# An OOM kill in a cgroup that a test makes below this one must not end the tests.
OOMPolicy=continue
MemoryPressureWatch=off
`;
}

interface InitScriptParts {
  readonly hostDirectories: readonly string[];
  readonly hostFiles: readonly string[];
  readonly unit: string;
  readonly swapMiB: number;
}

function initScript({ hostDirectories, hostFiles, unit, swapMiB }: InitScriptParts): string {
  const bind = (file: string, makeTarget: string): string => {
    const target = quote(`/newroot${file}`);
    return `mkdir -p ${quote(`/newroot${path.dirname(file)}`)}
${makeTarget} ${target}
mount -o bind ${quote(`/hostroot${file}`)} ${target} || fail ${quote(`no ${file}`)}`;
  };
  return `
mkdir /lower /layers
mount -t 9p -o ${READONLY_9P} rootfs /lower || fail 'mounting the root file system failed'
mount -t 9p -o ${READONLY_9P} hostroot /hostroot || fail 'mounting the host root failed'
mount -t tmpfs tmpfs /layers
mkdir /layers/upper /layers/work
mount -t overlay -o lowerdir=/lower,upperdir=/layers/upper,workdir=/layers/work overlay /newroot || fail 'no overlay'
mount -t tmpfs -o mode=1777 tmpfs /newroot/tmp
mount -t tmpfs -o mode=755 tmpfs /newroot/run
mount -t proc proc /newroot/proc
mount -t sysfs sysfs /newroot/sys
mount -t devtmpfs devtmpfs /newroot/dev
${swapOn(swapMiB)}
mkdir /newroot${RUN_SHARE}
mount -t 9p -o ${WRITABLE_9P} run /newroot${RUN_SHARE} || fail 'mounting the run share failed'
${hostDirectories.map((each) => bind(each, 'mkdir -p')).join('\n')}
${hostFiles.map((each) => bind(each, 'touch')).join('\n')}
umount /hostroot 2> /dev/null || umount -l /hostroot
cat > /newroot/etc/systemd/system/cmemstat-job.service <<'UNIT'
${unit}UNIT
exec switch_root /newroot /lib/systemd/systemd
`;
}

/**
 * Returns the root directory of the guest with systemd, from the cache if present.
 *
 * @throws VmError if it has to be created, and mmdebstrap, permissions or the mirror are missing.
 */
export async function prepareRootFileSystem(packages: readonly string[] = []): Promise<string> {
  const included = [...PACKAGES, ...packages];
  const recipe = createHash('sha256')
    .update(JSON.stringify([SUITE, included, MASKED_UNITS, configureRootFileSystem.toString()]))
    .digest('hex')
    .slice(0, 12);
  const directory = await cachedDirectory(path.join('rootfs', `${SUITE}-${recipe}`), async (scratch) => {
    if (process.getuid?.() !== 0) {
      throw new VmError('the root file system of the guest with systemd can only be made by root', {
        hint: 'run it once with sudo -E, or use the guests without systemd',
      });
    }
    process.stderr.write(`cmemstat-vm: making a root file system in ${cacheDirectory()}\n`);
    const root = path.join(scratch, 'root');
    await runHostCommand('mmdebstrap', [
      '--quiet',
      '--variant=minbase',
      `--include=${included.join(',')}`,
      ...['man', 'doc', 'locale', 'info'].map((each) => `--dpkgopt=path-exclude=/usr/share/${each}/*`),
      SUITE,
      root,
      `deb ${MIRROR}/debian ${SUITE} main`,
    ]);
    await configureRootFileSystem(root);
  });
  return path.join(directory, 'root');
}

async function configureRootFileSystem(root: string): Promise<void> {
  const units = path.join(root, 'etc/systemd/system');
  for (const unit of MASKED_UNITS) await symlink('/dev/null', path.join(units, unit));
  const wants = path.join(units, 'multi-user.target.wants');
  await mkdir(wants, { recursive: true });
  // The unit itself is written at each boot.
  await symlink('../cmemstat-job.service', path.join(wants, 'cmemstat-job.service'));

  await writeFile(path.join(root, 'etc/hostname'), 'guest\n');
  // With an id the boot is not a first boot, which would take longer.
  await writeFile(path.join(root, 'etc/machine-id'), `${'c'.repeat(32)}\n`);

  const { name, uid } = USER;
  const home = path.join(root, 'home', name);
  await appendFile(path.join(root, 'etc/passwd'), `${name}:x:${uid}:${uid}::/home/${name}:/bin/bash\n`);
  await appendFile(path.join(root, 'etc/group'), `${name}:x:${uid}:\n`);
  await appendFile(path.join(root, 'etc/shadow'), `${name}:*:20000::::::\n`);
  // Of containers of the user.
  for (const file of ['etc/subuid', 'etc/subgid'])
    await appendFile(path.join(root, file), `${name}:100000:65536\n`);
  await mkdir(home);
  await chown(home, uid, uid);
  await chmod(home, 0o755);
  const linger = path.join(root, 'var/lib/systemd/linger');
  await mkdir(linger, { recursive: true });
  await writeFile(path.join(linger, name), '');
}
