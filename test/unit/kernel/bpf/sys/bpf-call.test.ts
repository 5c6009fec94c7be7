import { constants } from 'node:os';
import { describe, expect, it } from 'vitest';
import { KernelFileError, PermissionError, SyscallError, UnsupportedError } from '#src/errors.ts';
import { bpfOver, explainBpfError } from '#src/kernel/bpf/sys/bpf-call.ts';

const { EAGAIN, EINTR, EPERM } = constants.errno;

let limitsAreFixed = false;

/** bpf(2) that returns these results in sequence. */
function bpfThatReturns(...results: number[]) {
  const calls: [number, number, number][] = [];
  const limits: string[] = [];
  const bpf = bpfOver(
    {
      syscall: (number, command, _, size) => {
        calls.push([number, command, size]);
        return results[calls.length - 1] ?? 0;
      },
      prlimit: (_, limit, old) => {
        if (limitsAreFixed) return -EPERM;
        limits.push(Buffer.from(limit ?? []).toString('hex'));
        old?.fill(0x11);
        return 0;
      },
      address: () => 0n,
    },
    321,
  );
  return { bpf, calls, limits };
}

describe('bpf(2)', () => {
  it('is called by number with the command and the size of the attribute', () => {
    const { bpf, calls } = bpfThatReturns(7);
    expect(bpf.call('BPF_MAP_GET_FD_BY_ID', Buffer.alloc(12))).toBe(7);
    expect(calls).toEqual([[321, 14, 12]]);
  });

  it('reports the command and the errno', () => {
    const { bpf } = bpfThatReturns(-EPERM);
    expect(() => bpf.call('BPF_MAP_GET_NEXT_ID', Buffer.alloc(12))).toThrow(
      new SyscallError('bpf', 'BPF_MAP_GET_NEXT_ID', 'EPERM'),
    );
  });

  it('is repeated after EINTR', () => {
    const { bpf, calls } = bpfThatReturns(-EINTR, -EINTR, 3);
    expect(bpf.call('BPF_MAP_CREATE', Buffer.alloc(72))).toBe(3);
    expect(calls.length).toBe(3);
  });

  it('is repeated after EAGAIN of the verifier, a limited number of times', () => {
    const { bpf, calls } = bpfThatReturns(...Array(20).fill(-EAGAIN));
    expect(() => bpf.call('BPF_PROG_LOAD', Buffer.alloc(112))).toThrow('bpf(BPF_PROG_LOAD): EAGAIN');
    expect(calls.length).toBe(5);
  });

  it('creates objects beyond RLIMIT_MEMLOCK, and restores the limit', () => {
    const { bpf, calls, limits } = bpfThatReturns(-EPERM, 3);
    expect(bpf.call('BPF_MAP_CREATE', Buffer.alloc(72))).toBe(3);
    expect(calls.length).toBe(2);
    expect(limits).toEqual(['ff'.repeat(16), '11'.repeat(16)]);
  });

  it('restores the limit if it was not the cause', () => {
    const { bpf, limits } = bpfThatReturns(-EPERM, -EPERM);
    expect(() => bpf.call('BPF_PROG_LOAD', Buffer.alloc(112))).toThrow('EPERM');
    expect(limits).toEqual(['ff'.repeat(16), '11'.repeat(16)]);
  });

  it('fails with EPERM if the limit cannot be raised', () => {
    limitsAreFixed = true;
    const { bpf, calls } = bpfThatReturns(-EPERM, 3);
    expect(() => bpf.call('BPF_PROG_LOAD', Buffer.alloc(112))).toThrow('EPERM');
    expect(calls.length).toBe(1);
    limitsAreFixed = false;
  });

  it('does not repeat other commands after EAGAIN', () => {
    const { bpf, calls } = bpfThatReturns(-EAGAIN, 1);
    expect(() => bpf.call('BPF_ITER_CREATE', Buffer.alloc(8))).toThrow('EAGAIN');
    expect(calls.length).toBe(1);
  });
});

describe('explainBpfError', () => {
  const explain = (errno: string) =>
    explainBpfError(
      new SyscallError('bpf', 'BPF_MAP_GET_NEXT_ID', errno),
      'list the BPF maps of this host',
      ['CAP_SYS_ADMIN'],
      '4.13',
    );

  it.each(['EPERM', 'EACCES'])('reports %s as a missing capability', (errno) => {
    const error = explain(errno);
    expect(error).toBeInstanceOf(PermissionError);
    expect(error).toMatchObject({
      needs: 'CAP_SYS_ADMIN',
      message: expect.stringContaining('cannot list the BPF maps of this host'),
      hint: expect.stringMatching(/--cap-add=SYS_ADMIN|--ambient-caps=\+sys_admin|seccomp/),
      cause: expect.any(SyscallError),
    });
  });

  it('reports ENOSYS as a kernel without bpf(2)', () => {
    expect(explain('ENOSYS')).toBeInstanceOf(UnsupportedError);
    expect(explain('ENOSYS')).toMatchObject({ feature: 'bpf(2)' });
  });

  it('reports an unknown command as a kernel that is too old', () => {
    expect(explain('EINVAL')).toMatchObject({ feature: 'BPF_MAP_GET_NEXT_ID', since: '4.13' });
  });

  it('returns other errors unchanged', () => {
    const other = new KernelFileError('read', '/proc/self/fdinfo/3', 'no');
    expect(explainBpfError(other, 'read', [], '1')).toBe(other);
    expect(explain('ENOMEM')).toBeInstanceOf(SyscallError);
  });
});
