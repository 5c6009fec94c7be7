import { describe, expect, it } from 'vitest';
import { parseKernelSymbols } from '#src/kernel/bpf/load/kernel-symbols.ts';

const TEXT = [
  'ffffffff81000000 T _stext',
  'ffffffff81234560 t bpf_link_release',
  'ffffffff82000010 D bpf_link_fops',
  'ffffffff82000020 d bpf_link_fops_poll',
  'ffffffffc0001000 t module_function\t[module]',
  'ffffffffc0002000 d bpf_link_fops\t[module]',
  '0000000000000000 A hidden',
  'ffffffff83000000 D last',
].join('\n');

const parse = (text: string, ...names: string[]) =>
  Object.fromEntries(parseKernelSymbols(text, new Set(names)));

describe('parseKernelSymbols', () => {
  it('returns addresses by the exact name, also those of modules', () => {
    expect(parse(TEXT, '_stext', 'module_function', 'last', 'link_fops')).toEqual({
      _stext: 0xffff_ffff_8100_0000n,
      module_function: 0xffff_ffff_c000_1000n,
      last: 0xffff_ffff_8300_0000n,
    });
  });

  it('returns the first of two symbols with one name', () => {
    expect(parse(TEXT, 'bpf_link_fops')).toEqual({ bpf_link_fops: 0xffff_ffff_8200_0010n });
  });

  it('treats an address of 0 as hidden by kernel.kptr_restrict', () => {
    expect(parse(TEXT, 'hidden')).toEqual({});
    expect(parse(TEXT.replaceAll(/^[\da-f]+/gm, '0000000000000000'), '_stext', 'last')).toEqual({});
    const shownLater = '0000000000000000 T twice\nffffffff81000000 T twice\n';
    expect(parse(shownLater, 'twice')).toEqual({ twice: 0xffff_ffff_8100_0000n });
  });

  it('returns nothing for an empty file, other text and no names', () => {
    expect(parse('', '_stext')).toEqual({});
    expect(parse('no such file\n_stext T ffffffff81000000\n', '_stext')).toEqual({});
    expect(parse(TEXT)).toEqual({});
  });
});
