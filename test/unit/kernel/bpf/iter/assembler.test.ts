import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Assembler, type Register } from '#src/kernel/bpf/iter/assembler.ts';

/** Each instruction as 16 hex digits. */
function hex(asm: Assembler, order: 'LE' | 'BE' = 'LE'): string[] {
  return asm.assemble(order).toString('hex').match(/.{16}/g) ?? [];
}

describe('instructions', () => {
  // The bytes are those of clang -target bpf, as llvm-objdump shows them.
  it.each<[string, (asm: Assembler) => Assembler, string[]]>([
    ['r0 = 0', (asm) => asm.alu('r0', '=', 0), ['b700000000000000']],
    ['r2 = r10', (asm) => asm.alu('r2', '=', 'r10'), ['bfa2000000000000']],
    ['r2 += -4', (asm) => asm.alu('r2', '+=', -4), ['07020000fcffffff']],
    ['r1 -= r3', (asm) => asm.alu('r1', '-=', 'r3'), ['1f31000000000000']],
    ['r1 *= 8', (asm) => asm.alu('r1', '*=', 8), ['2701000008000000']],
    ['r1 |= r2', (asm) => asm.alu('r1', '|=', 'r2'), ['4f21000000000000']],
    ['r1 &= 1', (asm) => asm.alu('r1', '&=', 1), ['5701000001000000']],
    ['r1 <<= 3', (asm) => asm.alu('r1', '<<=', 3), ['6701000003000000']],
    ['r1 >>= 32', (asm) => asm.alu('r1', '>>=', 32), ['7701000020000000']],
    ['r1 s>>= 32', (asm) => asm.alu('r1', 's>>=', 32), ['c701000020000000']],
    ['r6 = *(u64 *)(r1 + 8)', (asm) => asm.load(8, 'r6', 'r1', 8), ['7916080000000000']],
    ['r1 = *(u32 *)(r6 + 92)', (asm) => asm.load(4, 'r1', 'r6', 92), ['61615c0000000000']],
    ['r1 = *(u16 *)(r6 + 0)', (asm) => asm.load(2, 'r1', 'r6', 0), ['6961000000000000']],
    ['r1 = *(u8 *)(r6 + 2)', (asm) => asm.load(1, 'r1', 'r6', 2), ['7161020000000000']],
    ['*(u64 *)(r10 - 8) = r1', (asm) => asm.store(8, 'r10', -8, 'r1'), ['7b1af8ff00000000']],
    ['*(u32 *)(r10 - 4) = 0', (asm) => asm.store(4, 'r10', -4, 0), ['620afcff00000000']],
    ['call 127', (asm) => asm.call(127), ['850000007f000000']],
    ['call the kernel function 0x1234', (asm) => asm.callKernelFunction(0x1234), ['8520000034120000']],
    ['exit', (asm) => asm.exit(), ['9500000000000000']],
    [
      'r2 = 0xffff888012345678 ll',
      (asm) => asm.load64('r2', 0xffff_8880_1234_5678n),
      ['1802000078563412', '000000008088ffff'],
    ],
    ['r1 = &variable', (asm) => asm.loadVariable('r1', 0x99), ['1831000099000000', '0000000000000000']],
    ['r1 = map 7', (asm) => asm.loadMap('r1', 7), ['1811000007000000', '0000000000000000']],
  ])('%s', (_, add, expected) => {
    expect(hex(add(new Assembler()))).toEqual(expected);
  });

  it('in big-endian order have their registers the other way round', () => {
    const asm = new Assembler().load(8, 'r6', 'r1', 8).alu('r2', '+=', -4).load64('r2', 0x1_0000_0002n);
    expect(hex(asm, 'BE')).toEqual([
      '7961000800000000',
      '07200000fffffffc',
      '1820000000000002',
      '0000000000000001',
    ]);
  });

  it('differ between the byte orders in nothing else', () => {
    const registers = fc.constantFrom<Register>('r0', 'r1', 'r5', 'r9', 'r10');
    fc.assert(
      fc.property(registers, registers, fc.integer({ min: -0x8000, max: 0x7fff }), (dst, base, offset) => {
        const little = new Assembler().load(4, dst, base, offset).assemble('LE');
        const big = new Assembler().load(4, dst, base, offset).assemble('BE');
        little.subarray(2, 4).reverse();
        little.subarray(4, 8).reverse();
        const registerByte = little[1] ?? 0;
        little[1] = ((registerByte & 0xf) << 4) | (registerByte >> 4);
        expect(little).toEqual(big);
      }),
    );
  });
});

describe('jumps', () => {
  it.each<[string, (asm: Assembler) => Assembler, string]>([
    ['==', (asm) => asm.jumpIf('r6', '==', 0, 'end'), '1506010000000000'],
    ['!=', (asm) => asm.jumpIf('r6', '!=', 'r2', 'end'), '5d26010000000000'],
    ['>', (asm) => asm.jumpIf('r6', '>', 9, 'end'), '2506010009000000'],
    ['>=', (asm) => asm.jumpIf('r6', '>=', 'r1', 'end'), '3d16010000000000'],
    ['<', (asm) => asm.jumpIf('r6', '<', 9, 'end'), 'a506010009000000'],
    ['<=', (asm) => asm.jumpIf('r6', '<=', 9, 'end'), 'b506010009000000'],
    ['&', (asm) => asm.jumpIf('r6', '&', 1, 'end'), '4506010001000000'],
    ['always', (asm) => asm.jump('end'), '0500010000000000'],
  ])('on %s', (_, add, expected) => {
    const asm = add(new Assembler()).exit().label('end').exit();
    expect(hex(asm)[0]).toBe(expected);
  });

  it('go back too, and count a 64-bit immediate twice', () => {
    const asm = new Assembler().label('loop').load64('r1', 1n).alu('r8', '+=', 1).jump('loop');
    expect(hex(asm)[3]).toBe('0500fcff00000000');
  });

  it('to functions have their distance in the immediate', () => {
    const asm = new Assembler().callFunction('own').exit().label('own').exit();
    expect(hex(asm)[0]).toBe('8510000001000000');
  });

  it('over any distance land on their label', () => {
    fc.assert(
      fc.property(fc.nat(300), fc.nat(300), (before, between) => {
        const asm = new Assembler();
        for (let index = 0; index < before; index++) asm.exit();
        asm.jumpIf('r1', '==', 0, 'target');
        for (let index = 0; index < between; index++) asm.alu('r0', '=', index);
        asm.label('target').exit();
        const bytes = asm.assemble('LE');
        expect(bytes.readInt16LE(before * 8 + 2)).toBe(between);
        expect(bytes.length).toBe(asm.length * 8);
      }),
    );
  });
});

describe('mistakes', () => {
  it.each<[string, (asm: Assembler) => unknown]>([
    ['a label that is missing', (asm) => asm.jump('nowhere').assemble()],
    ['a label that is there twice', (asm) => asm.label('a').label('a')],
    ['an offset that is too large', (asm) => asm.load(4, 'r1', 'r2', 0x8000).assemble()],
    ['an immediate that is too large', (asm) => asm.alu('r1', '=', 2 ** 32).assemble()],
  ])('are refused: %s', (_, make) => {
    expect(() => make(new Assembler())).toThrow(RangeError);
  });
});
