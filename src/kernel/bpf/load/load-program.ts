/** Loads one program and explains why the kernel rejects it. */
import { closeSync } from 'node:fs';
import { errnoOf, SyscallError, UnsupportedError } from '../../../errors.ts';
import { POISON } from '../elf/instructions.ts';
import { encodeProgramLoad, type ProgramRecords, type ProgramSpec } from '../sys/bpf-attr.ts';
import { type Bpf, explainBpfError } from '../sys/bpf-call.ts';
import { BPF_F_SLEEPABLE } from '../sys/bpf-enums.ts';
import type { PreparedProgram } from './prepared-object.ts';

const NEEDS = ['CAP_BPF', 'CAP_PERFMON'] as const;
const SINCE = '5.8';
/** The reason is near the end of the log, before a few lines of statistics. */
const LOG_LINES = 16;
/** Old kernels return ENOSPC if the log does not fit, and do not write its end. Unit: bytes. */
const LOG_SIZES = [1 << 20, 1 << 24] as const;

/**
 * Loads a program whose map descriptors are filled in; returns its descriptor.
 *
 * Source: bpf(2), BPF_PROG_LOAD.
 * @throws PermissionError; UnsupportedError if the program requires something that the kernel lacks;
 * SyscallError that names the program, with the verifier log as its cause.
 */
export function loadProgram(
  bpf: Bpf,
  program: PreparedProgram,
  license: string,
  btfFd: number | undefined,
): number {
  try {
    return attemptLoad(bpf, program, license, btfFd);
  } catch (error) {
    if (!(error instanceof SyscallError)) throw error;
    const { errno } = error;
    if (errno === 'EPERM' || errno === 'ENOSYS') {
      throw explainBpfError(error, `load the BPF program "${program.name}"`, NEEDS, SINCE);
    }
    throw explainRefusal(error, program, (log) => attemptLoad(bpf, program, license, btfFd, log));
  }
}

function attemptLoad(
  bpf: Bpf,
  program: PreparedProgram,
  license: string,
  btfFd: number | undefined,
  log?: Buffer,
): number {
  const { name, type, attachType, attachBtfId, sleepable, instructions, functionInfo, lineInfo } = program;
  const licenseText = Buffer.from(`${license}\0`, 'latin1');
  const pointees: Buffer[] = [instructions, licenseText];
  const spec: ProgramSpec = {
    prog_type: type,
    expected_attach_type: attachType,
    attach_btf_id: attachBtfId ?? 0,
    prog_flags: sleepable ? BPF_F_SLEEPABLE : 0,
    prog_name: name,
    insns: bpf.address(instructions),
    insn_cnt: instructions.length / 8,
    license: bpf.address(licenseText),
  };
  if (log !== undefined) {
    Object.assign(spec, { log_level: 1, log_size: log.length, log_buf: bpf.address(log) });
    pointees.push(log);
  }
  if (btfFd !== undefined && functionInfo !== undefined) {
    spec.prog_btf_fd = btfFd;
    spec.func_info = records(bpf, functionInfo, 8);
    pointees.push(functionInfo);
    if (lineInfo !== undefined) {
      spec.line_info = records(bpf, lineInfo, 16);
      pointees.push(lineInfo);
    }
  }
  return bpf.call('BPF_PROG_LOAD', encodeProgramLoad(spec), pointees);
}

function records(bpf: Bpf, bytes: Buffer, size: number): ProgramRecords {
  return { address: bpf.address(bytes), count: bytes.length / size, size };
}

/** The verifier is slower with a log, so the first attempt has none. */
function explainRefusal(
  error: SyscallError,
  program: PreparedProgram,
  load: (log: Buffer) => number,
): unknown {
  for (const size of LOG_SIZES) {
    const log = Buffer.alloc(size);
    try {
      closeSync(load(log));
      // Rejected first and accepted now: there is no error to explain, but the result is not reliable either.
      return error;
    } catch (again) {
      if (errnoOf(again) === 'ENOSPC' && size !== LOG_SIZES.at(-1)) continue;
      return refusalError(error, program, readLog(log));
    }
  }
  return error;
}

/** The log without the addresses of maps. */
function readLog(log: Buffer): string {
  const end = log.indexOf(0);
  const text = log.toString('latin1', 0, end === -1 ? log.length : end).trimEnd();
  return text.replace(/\b0x[0-9a-f]{16}\b/g, '0x(address)');
}

/**
 * The error for a rejected program: if the verifier reached an instruction that could not be relocated, the
 * missing target; otherwise the last lines of the verifier log.
 */
export function refusalError(error: SyscallError, { name, unmet }: PreparedProgram, log: string): Error {
  const words = log.split('\n').slice(-LOG_LINES).join('\n');
  const cause = new SyscallError(error.call, error.command, error.errno, {
    cause: new Error(`verifier log: ${words}`),
  });
  const at = [...log.matchAll(POISONED)].at(-1)?.[1];
  const reached = at === undefined ? undefined : unmet.find(({ instruction }) => instruction === Number(at));
  if (reached !== undefined) {
    const { instruction, reason } = reached;
    return new UnsupportedError(name, `program "${name}": instruction ${instruction}: ${reason}`, { cause });
  }
  return new SyscallError(error.call, error.command, error.errno, {
    message: `the kernel rejected the BPF program "${name}": ${error.errno}`,
    cause: cause.cause,
  });
}

const POISONED = new RegExp(`^(\\d+): \\(85\\) call unknown#${POISON}`, 'gm');
