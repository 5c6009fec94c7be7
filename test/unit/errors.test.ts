import { openSync, readdirSync, readSync, statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  describeErrno,
  errnoOf,
  KernelFileError,
  LaunchError,
  SyscallError,
  systemError,
  ToolError,
  UnsupportedError,
  UsageError,
} from '#src/errors.ts';

describe('systemError', () => {
  const failed = (call: () => unknown): unknown => {
    try {
      return call();
    } catch (error) {
      return error;
    }
  };

  it.each([
    [() => readdirSync('/no/such'), 'scandir /no/such: no such file or directory'],
    [() => statSync('/dev/null/x'), 'stat /dev/null/x: not a directory'],
    [() => readSync(openSync('/proc/self/mem', 'r'), Buffer.alloc(1), 0, 1, 0), 'read: input/output error'],
  ])('describes %s', (call, message) => {
    expect(systemError(failed(call))).toMatchObject({ message, code: 'SYSCALL' });
  });

  it.each([
    ['a wrong argument', failed(() => readSync(9999, Buffer.alloc(1)))],
    ['an error of cmemstat', new UsageError('--interval', 'no')],
    ['a bug', new TypeError('x is undefined')],
    ['no error', undefined],
  ])('is not %s', (_, error) => {
    expect(systemError(error)).toBeUndefined();
  });
});

describe('errnoOf', () => {
  it.each([
    [Object.assign(new Error('open'), { code: 'ENOENT' }), 'ENOENT'],
    [new KernelFileError('read', '/f', 'gone', { errno: 'ENODEV' }), 'ENODEV'],
    [new SyscallError('bpf', 'BPF_MAP_CREATE', 'EPERM'), 'EPERM'],
    [new KernelFileError('parse', '/f', 'malformed'), undefined],
    [Object.assign(new Error('stream'), { code: 'ERR_STREAM_DESTROYED' }), undefined],
    [new UsageError('--interval', 'no'), undefined],
    [new Error('plain'), undefined],
    ['E2BIG', undefined],
    [null, undefined],
    [undefined, undefined],
  ])('of %o is %o', (error, errno) => {
    expect(errnoOf(error)).toBe(errno);
  });
});

describe('describeErrno', () => {
  it('describes the errnos that users meet', () => {
    expect(describeErrno('EACCES')).toBe('permission denied');
  });

  it('falls back to the name, and to "unknown error"', () => {
    expect(describeErrno('EUCLEAN')).toBe('EUCLEAN');
    expect(describeErrno(undefined)).toBe('unknown error');
  });
});

describe('an error for users', () => {
  it('carries its own name, its code, a hint and the cause', () => {
    const cause = new Error('below');
    const error = new UnsupportedError('memory.peak', 'no peak', { since: '5.19', hint: 'boot', cause });
    expect(error).toMatchObject({
      name: 'UnsupportedError',
      code: 'UNSUPPORTED',
      feature: 'memory.peak',
      since: '5.19',
      hint: 'boot',
      cause,
    });
    expect(error).toBeInstanceOf(ToolError);
  });

  it('carries lines to show below the message', () => {
    expect(new UsageError('--budget', 'no metric', undefined, 'anno\n^').detail).toBe('anno\n^');
    expect(new UsageError('--budget', 'no metric').detail).toBeUndefined();
  });

  it('carries the exit status of a failed launch', () => {
    expect(new LaunchError('x', 127, 'not found')).toMatchObject({ code: 'LAUNCH', exitCode: 127 });
  });

  it('names the system call, its command and the errno', () => {
    expect(new SyscallError('bpf', 'BPF_PROG_LOAD', 'EPERM').message).toBe('bpf(BPF_PROG_LOAD): EPERM');
  });
});
