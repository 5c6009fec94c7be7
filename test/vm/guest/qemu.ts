import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, open, readFile, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { GuestError, VmError } from './errors.ts';
import { INSTALL_HINT } from './host-command.ts';
import { INIT_REACHED } from './initramfs.ts';
import type { Kernel } from './kernels.ts';

/** A folder of the host that the guest can mount over 9p. */
interface Share {
  readonly tag: string;
  readonly directory: string;
  readonly readonly: boolean;
}

/** The options of a machine. */
export interface Machine {
  readonly kernel: Kernel;
  readonly initramfs: Buffer;
  readonly kernelArgs: readonly string[];
  readonly memoryMiB: number;
  readonly shares: readonly Share[];
  /** The command's script; the guest finds it as `job` in the share with the tag `run`. */
  readonly job: string;
  /** The time limit of the job, from the moment that init was reached. Unit: milliseconds. */
  readonly timeoutMs: number;
  readonly onStdout?: ((chunk: Buffer) => void) | undefined;
  readonly onStderr?: ((chunk: Buffer) => void) | undefined;
}

/** The result of a guest's command. */
export interface GuestResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
  /** The last lines of the guest's serial console. */
  readonly consoleTail: string;
  /** The number of starts of the machine; above 1 if the emulator failed before init. */
  readonly attempts: number;
  /** From the start of the emulator to the start of the command. Unit: milliseconds. */
  readonly bootMs: number;
  /** From the start of the emulator to the command's exit status. Unit: milliseconds. */
  readonly totalMs: number;
}

const MAX_ATTEMPTS = 3;
const INIT_TIMEOUT_MS = 120_000;
const POLL_MS = 25;
/** While the command runs: polling each 25 ms took a tenth of a core from two emulated machines. */
const SLOW_POLL_MS = 200;
const FAST_POLLS_MS = 3_000;
const CONSOLE_TAIL_LINES = 40;

/**
 * Starts the machine, waits for the exit status of its job and stops it. A machine that fails before its init
 * was reached is restarted, up to three times: that is a fault of the emulator, not of the job.
 *
 * @throws GuestError if init was reached and no exit status was reported.
 * @throws VmError if qemu is missing or init was not reached three times.
 */
export async function runMachine(machine: Machine): Promise<GuestResult> {
  let last: Attempt | undefined;
  for (let attempts = 1; attempts <= MAX_ATTEMPTS; attempts += 1) {
    last = await Attempt.run(machine);
    const { stdout, stderr, consoleTail } = last;
    if (last.exitCode !== undefined) {
      const { exitCode, bootMs, totalMs } = last;
      return { stdout, stderr, exitCode, consoleTail, attempts, bootMs, totalMs };
    }
    if (last.initReached) {
      throw new GuestError(`the guest with ${machine.kernel.release} gave no exit status: ${last.failure}`, {
        stdout,
        stderr,
        consoleTail,
      });
    }
  }
  throw new VmError(
    `the guest with ${machine.kernel.release} did not reach its init in ${MAX_ATTEMPTS} starts: ` +
      `${last?.failure}\n--- end of the guest's console ---\n${last?.consoleTail}`,
  );
}

class Attempt {
  stdout = '';
  stderr = '';
  exitCode: number | undefined;
  initReached = false;
  failure = '';
  consoleTail = '';
  bootMs = 0;
  totalMs = 0;

  static async run(machine: Machine): Promise<Attempt> {
    const directory = await mkdtemp(path.join(os.tmpdir(), 'cmemstat-vm-'));
    const removeDirectory = (): void => rmSync(directory, { recursive: true, force: true });
    process.once('exit', removeDirectory);
    try {
      const attempt = new Attempt();
      await attempt.#run(machine, directory);
      return attempt;
    } finally {
      process.off('exit', removeDirectory);
      removeDirectory();
    }
  }

  async #run(machine: Machine, directory: string): Promise<void> {
    const initrd = path.join(directory, 'initrd');
    const consoleLog = path.join(directory, 'console');
    const run = path.join(directory, 'run');
    await mkdir(run);
    await writeFile(initrd, machine.initramfs);
    await writeFile(consoleLog, '');
    await writeFile(path.join(run, 'job'), machine.job);
    for (const name of ['stdout', 'stderr', 'started', 'status']) {
      await writeFile(path.join(run, name), '');
      // An ordinary user of the guest reports the status as well.
      await chmod(path.join(run, name), 0o666);
    }

    const shares = [...machine.shares, { tag: 'run', directory: run, readonly: false }];
    const startedMs = performance.now();
    const emulator = startEmulator(qemuArguments(machine, { initrd, consoleLog, shares }));
    const stdout = new FollowedFile(path.join(run, 'stdout'), machine.onStdout);
    const stderr = new FollowedFile(path.join(run, 'stderr'), machine.onStderr);
    try {
      let deadlineMs = startedMs + INIT_TIMEOUT_MS;
      while (this.exitCode === undefined) {
        const ended = emulator.ended;
        await stdout.follow();
        await stderr.follow();
        if (!this.initReached && (await readFile(consoleLog, 'latin1')).includes(INIT_REACHED)) {
          this.initReached = true;
          deadlineMs = performance.now() + machine.timeoutMs;
        }
        const elapsedMs = performance.now() - startedMs;
        if (this.bootMs === 0 && (await readIfThere(path.join(run, 'started'))) !== undefined) {
          this.bootMs = elapsedMs;
        }
        const status = await readIfThere(path.join(run, 'status'));
        if (status !== undefined) {
          this.exitCode = Number(status);
        } else if (ended !== undefined) {
          this.failure = ended;
          break;
        } else if (performance.now() > deadlineMs) {
          this.failure = this.initReached
            ? `time limit of ${machine.timeoutMs} ms reached`
            : `no init after ${INIT_TIMEOUT_MS} ms`;
          break;
        } else {
          const isLongRunning = this.bootMs > 0 && elapsedMs > this.bootMs + FAST_POLLS_MS;
          await delay(isLongRunning ? SLOW_POLL_MS : POLL_MS);
        }
      }
      this.totalMs = performance.now() - startedMs;
    } finally {
      // A clean power-off of the guest is unnecessary: the status is written after all output.
      await emulator.stop();
      await stdout.follow();
      await stderr.follow();
    }
    this.stdout = stdout.text();
    this.stderr = stderr.text();
    const log = (await readFile(consoleLog)).toString().replaceAll('\r', '');
    this.consoleTail = log.trimEnd().split('\n').slice(-CONSOLE_TAIL_LINES).join('\n');
  }
}

function qemuArguments(
  machine: Machine,
  files: { initrd: string; consoleLog: string; shares: readonly Share[] },
): string[] {
  const shares = files.shares.flatMap(({ tag, directory, readonly }) => [
    '-fsdev',
    `local,id=${tag},path=${directory},security_model=none,multidevs=remap${readonly ? ',readonly=on' : ''}`,
    '-device',
    `virtio-9p-pci,fsdev=${tag},mount_tag=${tag}`,
  ]);
  // Without norandmaps QEMU 7.2 translates every library again for each program that is started, since its
  // address differs: 60 ms instead of 20 for /bin/true, 0.8 s instead of 0.55 for `node -e 0`.
  const commandLine = ['console=ttyS0', 'quiet', 'panic=-1', 'oops=panic', 'norandmaps'];
  return [
    ...acceleratorArguments(),
    ...['-smp', '1', '-m', String(machine.memoryMiB)],
    ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none'],
    ...['-serial', `file:${files.consoleLog}`],
    ...['-kernel', machine.kernel.vmlinuz, '-initrd', files.initrd],
    ...['-append', [...commandLine, ...machine.kernelArgs].join(' ')],
    ...shares,
  ];
}

/**
 * KVM if it is usable, else software emulation. `CMEMSTAT_VM_ACCEL` (`kvm` or `tcg`) overrides the choice.
 *
 * A `/dev/kvm` that opens is not sufficient: on a host that is itself a guest without nested virtualization
 * (kvm_pvm) it opens, but no ordinary kernel boots on it. So the CPU must have vmx or svm as well.
 */
function acceleratorArguments(): string[] {
  const choice = process.env.CMEMSTAT_VM_ACCEL ?? (isKvmUsable() ? 'kvm' : 'tcg');
  return choice === 'kvm' ? ['-accel', 'kvm', '-cpu', 'host'] : ['-accel', 'tcg', '-cpu', 'max'];
}

function isKvmUsable(): boolean {
  try {
    closeSync(openSync('/dev/kvm', 'r+'));
    return /^flags\s*:.*\s(?:vmx|svm)\s/m.test(readFileSync('/proc/cpuinfo', 'utf8'));
  } catch {
    return false;
  }
}

interface Emulator {
  /** The reason of its end, undefined while it runs. */
  readonly ended: string | undefined;
  stop(): Promise<void>;
}

function startEmulator(args: readonly string[]): Emulator {
  // The emulator must not outlive this process, even if this process is killed. The tests of the host that
  // run beside it have a higher priority. At 10, beside two others, a worker of vitest did not start in time.
  const words = ['-n', '5', 'setpriv', '--pdeathsig', 'KILL', 'qemu-system-x86_64'];
  const child = spawn('nice', [...words, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });

  let messages = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    messages += text;
  });
  let ended: string | undefined;
  let startError: Error | undefined;
  const closed = new Promise<void>((resolve) => {
    child.on('error', (error) => {
      startError = error;
      resolve();
    });
    child.on('close', (code, signal) => {
      // setpriv's own status for a missing program.
      if (code === 127) startError = new Error(messages.trim());
      ended = `qemu ended (${signal ?? `status ${code}`}) ${messages.trim()}`;
      resolve();
    });
  });

  return {
    get ended() {
      if (startError !== undefined) {
        throw new VmError('qemu-system-x86_64 could not be started', {
          hint: INSTALL_HINT,
          cause: startError,
        });
      }
      return ended;
    },
    async stop() {
      child.kill('SIGKILL');
      await closed;
    },
  };
}

/** A file that another process appends to, passed on as it grows. */
class FollowedFile {
  readonly #path: string;
  readonly #onChunk: ((chunk: Buffer) => void) | undefined;
  readonly #chunks: Buffer[] = [];
  #position = 0;

  constructor(file: string, onChunk: ((chunk: Buffer) => void) | undefined) {
    this.#path = file;
    this.#onChunk = onChunk;
  }

  async follow(): Promise<void> {
    const handle = await open(this.#path);
    try {
      for (;;) {
        const { bytesRead, buffer } = await handle.read({
          buffer: Buffer.alloc(65_536),
          position: this.#position,
        });
        if (bytesRead === 0) return;
        const chunk = buffer.subarray(0, bytesRead);
        this.#position += bytesRead;
        this.#chunks.push(chunk);
        this.#onChunk?.(chunk);
      }
    } finally {
      await handle.close();
    }
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString();
  }
}

async function readIfThere(file: string): Promise<string | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined);
  return text === '' ? undefined : text;
}
