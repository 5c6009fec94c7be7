import { describe, expect, it } from 'vitest';
import { targetEnvironment } from '#src/target/environment.ts';

const OURS = { PATH: '/bin', HOME: '/root', USER: 'root', LOGNAME: 'root', SHELL: '/bin/bash' };
const ADA = { uid: 1000, gid: 1000, name: 'ada', home: '/home/ada', shell: '/bin/zsh' };

describe('targetEnvironment', () => {
  it('is ours, and not the same object', () => {
    const env = targetEnvironment(OURS, [], undefined);
    expect(env).toEqual(OURS);
    expect(env).not.toBe(OURS);
  });

  it('is what another user expects', () => {
    expect(targetEnvironment(OURS, [], ADA)).toEqual({
      PATH: '/bin',
      HOME: '/home/ada',
      USER: 'ada',
      LOGNAME: 'ada',
      SHELL: '/bin/zsh',
    });
  });

  it('leaves alone what a bare uid does not tell', () => {
    expect(targetEnvironment(OURS, [], { uid: 4000, gid: 4000 })).toEqual(OURS);
  });

  it('gives --env the last word, and the last --env that of its own', () => {
    const added = [
      ['HOME', '/tmp'],
      ['A', '1'],
      ['A', '2'],
      ['EMPTY', ''],
    ] as const;
    expect(targetEnvironment(OURS, added, ADA)).toMatchObject({
      HOME: '/tmp',
      USER: 'ada',
      A: '2',
      EMPTY: '',
    });
  });

  it('does not change ours', () => {
    targetEnvironment(OURS, [['PATH', '/x']], ADA);
    expect(OURS).toMatchObject({ PATH: '/bin', USER: 'root' });
  });
});
