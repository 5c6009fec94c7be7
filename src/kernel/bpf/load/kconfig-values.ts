/**
 * The values of an object's `__kconfig` variables.
 * Source: tools/lib/bpf/libbpf.c, `bpf_object__resolve_externs`
 */
import { UnsupportedError } from '../../../errors.ts';
import type { Btf } from '../btf/btf.ts';
import { BTF_KIND } from '../btf/btf-format.ts';
import { type KconfigVariable, kconfigLayout, kconfigSize } from '../elf/elf-kconfig.ts';
import type { ObjectSpecification } from '../elf/object-specification.ts';
import type { KernelConfig } from './kernel-config.ts';

/** Source: tools/lib/bpf/bpf_helpers.h, `enum libbpf_tristate` */
const TRISTATE: Readonly<Record<string, bigint>> = { n: 0n, y: 1n, m: 2n };

/**
 * The contents of the `.kconfig` map for a kernel.
 * @throws UnsupportedError if the kernel does not provide a required value, or the value does not fit;
 * KernelFileError if the types are damaged.
 */
export function evaluateKconfig({ name, btf, externs }: ObjectSpecification, config: KernelConfig): Buffer {
  if (btf === undefined) return Buffer.alloc(0);
  const data = Buffer.alloc(kconfigSize(btf));
  for (const variable of kconfigLayout(btf)) {
    const text = configured(variable.name, config);
    if (text !== undefined) {
      write(data, variable, text, btf, name);
    } else if (externs.get(variable.name)?.weak !== true) {
      throw new UnsupportedError(
        variable.name,
        config.options === undefined
          ? `${name}: ${variable.name} is required, but this kernel's configuration cannot be read`
          : `${name}: this kernel is built without ${variable.name}`,
        config.options === undefined
          ? {
              hint: 'install the file /boot/config-$(uname -r), or use a kernel that is built with CONFIG_IKCONFIG_PROC=y',
            }
          : {},
      );
    }
  }
  return data;
}

function configured(name: string, { version, options }: KernelConfig): string | undefined {
  return name === 'LINUX_KERNEL_VERSION' ? String(version) : options?.get(name);
}

function write(data: Buffer, variable: KconfigVariable, text: string, btf: Btf, object: string): void {
  const { name, typeId, offset, size } = variable;
  const type = btf.resolve(btf.referredBy(typeId));
  if (text.startsWith('"')) {
    if (btf.kindOf(type) !== BTF_KIND.ARRAY) throw mismatch(object, name, text, 'is not a char array');
    // Truncated to the variable's size, including the NUL.
    data.write(text.slice(1, -1), offset, size - 1, 'latin1');
    return;
  }
  const value = numberOf(btf, type, text);
  if (value === undefined) throw mismatch(object, name, text, 'has an incompatible type');
  const isSigned = btf.kindOf(type) === BTF_KIND.INT && btf.integerOf(type).signed;
  const kept = isSigned ? BigInt.asIntN(8 * size, value) : BigInt.asUintN(8 * size, value);
  if (kept !== value || size > 8) throw mismatch(object, name, text, `has only ${size} bytes`);
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt.asUintN(64, value));
  const little = bytes.subarray(0, size);
  (btf.bigEndian ? little.reverse() : little).copy(data, offset);
}

/** Converts a configuration value to the type of the variable; absent if it is not valid for it. */
function numberOf(btf: Btf, type: number, text: string): bigint | undefined {
  const isLetter = text === 'y' || text === 'm' || text === 'n';
  if (btf.kindOf(type) === BTF_KIND.INT) {
    const { isBool } = btf.integerOf(type);
    if (isBool) return text === 'y' ? 1n : text === 'n' ? 0n : undefined;
    if (isLetter) return btf.sizeOf(type) === 1 ? BigInt(text.charCodeAt(0)) : undefined;
    return /^-?(0x[\da-fA-F]+|\d+)$/.test(text) ? parseNumber(text) : undefined;
  }
  return isLetter ? TRISTATE[text] : undefined;
}

function parseNumber(text: string): bigint {
  return text.startsWith('-') ? -BigInt(text.slice(1)) : BigInt(text);
}

function mismatch(object: string, name: string, value: string, what: string): UnsupportedError {
  return new UnsupportedError(
    name,
    `${object}: ${name} is ${value} on this kernel, and the variable ${what}`,
  );
}
