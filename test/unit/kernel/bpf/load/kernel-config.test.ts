import { describe, expect, it } from 'vitest';
import { parseKernelConfig, parseKernelVersion } from '#src/kernel/bpf/load/kernel-config.ts';

describe('parseKernelVersion', () => {
  it.each([
    ['6.12.42', '#1 SMP PREEMPT_DYNAMIC', 0x060c2a],
    ['6.18.0-rc3', '#1 SMP', 0x061200],
    ['6.18-custom', '#1 SMP', 0x061200],
    // Debian, whose release does not include the patch level.
    ['6.1.0-40-amd64', '#1 SMP PREEMPT_DYNAMIC Debian 6.1.153-1 (2025-09-20)', 0x060199],
    ['5.10.0-36-amd64', '#1 SMP Debian 5.10.244-1 (2025-09-29)', 0x050af4],
    // The kernel's own limit is 255, too.
    ['4.19.325', '#1 SMP', 0x0413ff],
    ['no release', '', 0],
  ])('of %s, "%s" is 0x%x', (release, version, expected) => {
    expect(parseKernelVersion(release, version)).toBe(expected);
  });
});

describe('parseKernelConfig', () => {
  it('returns the options that are set, with their text', () => {
    const text = [
      '#',
      '# Linux/x86 6.12.42 Kernel Configuration',
      'CONFIG_MEMCG=y',
      'CONFIG_EXT4_FS=m',
      'CONFIG_HZ=250',
      'CONFIG_PHYSICAL_START=0x1000000',
      'CONFIG_DEFAULT_HOSTNAME="(none)"',
      'CONFIG_CC_VERSION_TEXT="gcc (Debian) = 12"',
      '# CONFIG_BPF_PRELOAD is not set',
      '#CONFIG_COMMENTED=y',
      ' CONFIG_INDENTED=y',
      'CONFIG_EMPTY=',
    ].join('\n');
    expect(Object.fromEntries(parseKernelConfig(text))).toEqual({
      CONFIG_MEMCG: 'y',
      CONFIG_EXT4_FS: 'm',
      CONFIG_HZ: '250',
      CONFIG_PHYSICAL_START: '0x1000000',
      CONFIG_DEFAULT_HOSTNAME: '"(none)"',
      CONFIG_CC_VERSION_TEXT: '"gcc (Debian) = 12"',
    });
    expect(parseKernelConfig('').size).toBe(0);
  });
});
