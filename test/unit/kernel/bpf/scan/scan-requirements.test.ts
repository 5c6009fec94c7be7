import { describe, expect, it } from 'vitest';
import { missingForScan } from '#src/kernel/bpf/scan/scan-requirements.ts';

const able = { capabilities: new Set(['CAP_SYS_ADMIN'] as const), lockdown: undefined };

describe('missingForScan', () => {
  it('misses nothing on a kernel with bpf_loop() and with CAP_SYS_ADMIN', () => {
    expect(missingForScan({ hasLoop: true }, able)).toBeUndefined();
    expect(missingForScan({ hasLoop: true }, { ...able, lockdown: 'integrity' })).toBeUndefined();
  });

  it('says since which kernel it works', () => {
    expect(missingForScan({ hasLoop: false }, able)).toMatchObject({
      code: 'UNSUPPORTED',
      since: '5.17',
      hint: 'boot Linux 5.17 or later',
    });
  });

  it('says which lockdown is in the way', () => {
    expect(missingForScan({ hasLoop: true }, { ...able, lockdown: 'confidentiality' })).toMatchObject({
      code: 'UNSUPPORTED',
      hint: 'boot with lockdown=integrity',
    });
  });

  it.each([[[]], [['CAP_BPF', 'CAP_PERFMON']]] as const)('says what is missing beside %o', (held) => {
    const missing = missingForScan({ hasLoop: true }, { ...able, capabilities: new Set(held) });
    expect(missing).toMatchObject({
      code: 'PERMISSION',
      needs: 'CAP_SYS_ADMIN',
      hint: expect.stringContaining('sudo'),
    });
  });
});
