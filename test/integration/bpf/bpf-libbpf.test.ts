/**
 * CO-RE relocation compared with libbpf's, against the captured types of other kernels, for all of our
 * objects.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, describe, expect, it, type TestContext } from 'vitest';
import { readKernelBtf } from '#src/kernel/bpf/btf/btf.ts';
import { relocateFunctions } from '#src/kernel/bpf/core/relocate.ts';
import { linkProgram } from '#src/kernel/bpf/load/link-functions.ts';
import { HOST_BYTE_ORDER } from '#src/kernel/bpf/sys/bpf-struct.ts';
import { CAPTURED, capturedPath, capturedTypes, relocatableObjects, specify } from '../../captured-types.ts';
import { isCi } from '../../ci.ts';
import { fixture } from '../../paths.ts';
import { isGuest, scratch } from '../harness.ts';
import { requires } from './bpf-requirements.ts';

const directory = mkdtempSync(join(scratch, 'libbpf-'));
const relocator = join(directory, 'libbpf-relocate');
afterAll(() => rmSync(directory, { recursive: true }));

let compiled: boolean | undefined;

/** Compiles the small program that calls libbpf. */
function needLibbpf(context: TestContext): void {
  requires(context, {
    capabilities: ['CAP_BPF', 'CAP_PERFMON', 'CAP_SYS_ADMIN'],
    since: ['5.17', 'bpf_loop'],
    tool: 'cc',
  });
  const source = fixture('bpf/source/libbpf-relocate.c');
  compiled ??= spawnSync('cc', ['-o', relocator, source, '-lbpf'], { stdio: 'ignore' }).status === 0;
  if (compiled) return;
  if (isCi()) throw new Error('this host should have the headers of libbpf (libbpf-dev)');
  context.skip('the headers of libbpf are not installed (libbpf-dev)');
}

/** The instructions that libbpf produces for the programs of an object, by name. */
function askLibbpf(types: string, object: string): Map<string, Buffer> {
  // libbpf reports on standard error that this kernel rejects some of them.
  const output = execFileSync(relocator, [types, object], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const lines = output.split('\n').filter((line) => line !== '');
  return new Map(
    lines.map((line) => {
      const [name = '', hex = ''] = line.split(' ');
      return [name, Buffer.from(hex, 'hex')] as const;
    }),
  );
}

const order = HOST_BYTE_ORDER === 'LE' ? 'el' : 'eb';
/** Independent of the running kernel, so only the host compares them. */
const captured = (isGuest ? [] : CAPTURED)
  .filter((name) => capturedTypes(name).bigEndian === (order === 'eb'))
  .map((name) => [name, capturedPath(name)] as const);

describe.each([...captured, ['this kernel', '/sys/kernel/btf/vmlinux'] as const])(
  'the types of %s',
  (_, types) => {
    it.for(relocatableObjects(order).map((path) => [basename(path), path] as const))(
      'are relocated by libbpf in the same way: %s',
      ([, path], context) => {
        needLibbpf(context);
        const theirs = askLibbpf(types, path);
        const object = specify(path);
        const ours = relocateFunctions(object, readKernelBtf(types));
        expect([...theirs.keys()].sort()).toEqual(object.programs.map((program) => program.name).sort());
        let compared = 0;
        for (const program of object.programs) {
          const { functions } = linkProgram(object, program, ours);
          const bytes = theirs.get(program.name);
          for (const { specification, start } of functions) {
            const relocated = ours.get(specification.key)?.instructions;
            for (const { instruction } of specification.coreRelocations) {
              const at = 8 * instruction;
              // Both halves of a 64-bit immediate.
              const size = specification.instructions[at] === 0x18 ? 16 : 8;
              expect(
                relocated?.subarray(at, at + size).toString('hex'),
                `${program.name}: ${specification.name} ${instruction}`,
              ).toBe(bytes?.subarray(8 * start + at, 8 * start + at + size).toString('hex'));
              compared++;
            }
          }
        }
        expect(compared).toBeGreaterThanOrEqual(path.includes('callbacks') ? 0 : 1);
      },
    );
  },
);
