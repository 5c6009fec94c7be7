import { expect, it } from 'vitest';
import { deniedProcesses } from '#src/sampler/explain/missing.ts';

it('names the capability only where that would change something', () => {
  expect(deniedProcesses('files of processes', 2, new Set())).toMatchObject({
    count: 2,
    hint: expect.stringContaining('SYS_PTRACE') as string,
  });
  const closed = deniedProcesses('files of processes', 1, new Set(['CAP_SYS_PTRACE'] as const));
  expect(closed).not.toHaveProperty('hint');
  expect(closed.reason).toContain('capabilities that cmemstat does not have');
});
