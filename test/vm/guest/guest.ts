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
import { buildInitramfs } from './initramfs.ts';
import { type KernelName, prepareKernel } from './kernels.ts';
import { type GuestResult, runMachine } from './qemu.ts';

/** The command of a guest, and its options. */
export interface GuestCommand {
  readonly kernel: KernelName;
  /** Program and arguments; the program is looked up in `PATH`. */
  readonly command: readonly string[];
  /** A folder of the host, which the guest mounts under the same path. Default: the current one. */
  readonly cwd?: string | undefined;
  /** Added to the guest's own few variables; no other variable of the host reaches it. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Limit for the command, not for the boot. Unit: milliseconds. Default: 10 minutes. */
  readonly timeoutMs?: number | undefined;
  /** Default: 2048. */
  readonly memoryMiB?: number | undefined;
  /** Size of a swap device in compressed memory (zram). Default: 0, none. */
  readonly swapMiB?: number | undefined;
  /** Added to the kernel's command line, such as `cgroup.memory=nobpf`. */
  readonly kernelArgs?: readonly string[] | undefined;
  /** Run the command as the ordinary user 1000 and not as root. */
  readonly asUser?: boolean | undefined;
  /** Additional folders below the host's /tmp that the guest mounts; that of `cwd` is always included. */
  readonly visibleInTmp?: readonly string[] | undefined;
  /** Called with the output of the command, while it runs. */
  readonly onStdout?: ((chunk: Buffer) => void) | undefined;
  readonly onStderr?: ((chunk: Buffer) => void) | undefined;
}

/** Default time limit of a command. Unit: milliseconds. */
export const DEFAULT_TIMEOUT_MS = 600_000;

/** Default memory of a guest. Unit: MiB. */
export const DEFAULT_MEMORY_MIB = 2048;

/**
 * Boots a kernel with the host's files as a read-only root, and cgroup v2, and runs one command in it.
 *
 * The command runs as root in the root cgroup, without a terminal, with an empty stdin. /tmp, /var/tmp and
 * /run are empty file systems in memory, HOME is a folder in /tmp.
 *
 * @throws GuestError if the guest panicked, hung or reached the time limit.
 * @throws VmError if the guest cannot be started here; the hint names the fix.
 */
export async function bootGuest(options: GuestCommand): Promise<GuestResult> {
  const kernel = await prepareKernel(options.kernel);
  const cwd = await resolveDirectory(options.cwd);
  const visible = [cwd, ...(options.visibleInTmp ?? [])].filter((each) => each.startsWith('/tmp/'));
  return await runMachine({
    kernel,
    initramfs: await buildInitramfs({
      kernel,
      script: initScript(visible, options.swapMiB ?? 0),
    }),
    kernelArgs: options.kernelArgs ?? [],
    memoryMiB: options.memoryMiB ?? DEFAULT_MEMORY_MIB,
    shares: [{ tag: 'hostroot', directory: '/', readonly: true }],
    job: formatJob({ ...options, cwd }),
    timeoutMs: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    onStdout: options.onStdout,
    onStderr: options.onStderr,
  });
}

function initScript(visibleInTmp: readonly string[], swapMiB: number): string {
  const binds = visibleInTmp.map((directory) => {
    const source = quote(`/hosttmp${directory.slice('/tmp'.length)}`);
    const target = quote(`/newroot${directory}`);
    return `mkdir -p ${target}; mount -o bind ${source} ${target}`;
  });
  return `
mount -t 9p -o ${READONLY_9P} hostroot /newroot || fail 'mounting the host root failed'
mkdir /hosttmp
mount -o bind /newroot/tmp /hosttmp
cd /newroot
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t devtmpfs devtmpfs dev
mkdir -p dev/pts dev/shm
mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts dev/pts
mount -t tmpfs -o mode=1777 tmpfs dev/shm
mount -t tmpfs -o mode=1777 tmpfs tmp
mount -t tmpfs -o mode=1777 tmpfs var/tmp
mount -t tmpfs -o mode=755 tmpfs run
mount -t cgroup2 -o nsdelegate cgroup2 sys/fs/cgroup || fail 'no cgroup2'
mount -t bpf -o mode=700 bpf sys/fs/bpf
mount -t tracefs tracefs sys/kernel/tracing
mount -t debugfs debugfs sys/kernel/debug
ln -s /proc/self/fd dev/fd
ln -s /proc/self/fd/0 dev/stdin
ln -s /proc/self/fd/1 dev/stdout
ln -s /proc/self/fd/2 dev/stderr
mkdir -p tmp/home tmp/home-user
chown 1000:1000 tmp/home-user
${binds.join('\n')}
umount /hosttmp
mkdir .${RUN_SHARE} ./run/cmemstat-vm-bin
mount -t 9p -o ${WRITABLE_9P} run .${RUN_SHARE} || fail 'mounting the run share failed'
cp /bin/busybox run/cmemstat-vm-bin/busybox
hostname guest
ip link set lo up
${swapOn(swapMiB)}
cat > run/cmemstat-vm-bin/main <<'MAIN'
busybox=/run/cmemstat-vm-bin/busybox
echo > ${RUN_SHARE}/started
# Not busybox's sh: that one prefers its own applets to the programs of the same name.
/bin/sh ${RUN_SHARE}/job < /dev/null >> ${RUN_SHARE}/stdout 2>> ${RUN_SHARE}/stderr
echo $? > ${RUN_SHARE}/status
$busybox poweroff -f
$busybox sleep 60
MAIN
exec switch_root /newroot /run/cmemstat-vm-bin/busybox sh /run/cmemstat-vm-bin/main
`;
}

function formatJob(options: GuestCommand & { readonly cwd: string }): string {
  const asUser = options.asUser === true;
  const env = {
    ...basicEnvironment(),
    HOME: asUser ? '/tmp/home-user' : '/tmp/home',
    USER: asUser ? 'tester' : 'root',
    ...options.env,
  };
  const identity = asUser ? ['setpriv', '--reuid=1000', '--regid=1000', '--clear-groups'] : [];
  return formatJobScript(env, options.cwd, [...identity, ...options.command]);
}
