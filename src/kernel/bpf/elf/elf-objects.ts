/**
 * The BPF objects in a file: the file itself, or objects that are embedded in a program, as with libbpf
 * skeletons.
 */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { describeErrno, errnoOf, KernelFileError } from '../../../errors.ts';
import { malformed } from '../../number.ts';
import { Elf, EM_BPF, isElf } from './elf.ts';
import { type ObjectMaps, readElfMaps } from './elf-maps.ts';

/** One BPF object and its maps. */
export interface BpfObjectFile extends ObjectMaps {
  /** The file; for an embedded object, with its offset: `program+0x1f00`. */
  readonly path: string;
}

// Node's Buffers are limited to 2 to 4 GiB; real agents are much smaller.
const largestFile = 1 << 30;
const chunkBytes = 1 << 20;
const mostDamaged = 256;
const elfMagic = Buffer.from([0x7f, 0x45, 0x4c, 0x46]);

/**
 * Reads the BPF objects of a file and the maps that they define. Nothing is loaded; read permission is
 * sufficient.
 * @throws KernelFileError if the file cannot be read, is not an ELF file, contains no BPF object, or contains
 * a damaged one.
 */
export function readBpfObjects(path: string): BpfObjectFile[] {
  const bytes = readRegularFile(path);
  const elf = new Elf(bytes, path);
  if (elf.machine === EM_BPF) return [{ path, ...readElfMaps(elf) }];
  const { objects, damaged } = findEmbeddedObjects(bytes, path);
  if (objects.length > 0) {
    return [
      ...objects.map((inner) => ({ path: inner.path, ...readElfMaps(inner) })),
      ...damaged.map((each) => ({ path: each, maps: [], externs: [], missing: ['damaged BPF object'] })),
    ];
  }
  const besides = damaged.length === 0 ? '' : ` (damaged ones at ${damaged.join(', ')})`;
  throw malformed(
    path,
    undefined,
    `ELF file for machine ${elf.machine} that contains no BPF object${besides}`,
  );
}

/** The BPF objects in a program, and the paths of what starts like one and is damaged. */
export interface EmbeddedObjects {
  readonly objects: Elf[];
  readonly damaged: string[];
}

/**
 * Finds BPF objects at any offset.
 * @throws KernelFileError if there are hundreds of damaged ones: the file is malicious.
 */
export function findEmbeddedObjects(bytes: Buffer, path: string): EmbeddedObjects {
  const found: EmbeddedObjects = { objects: [], damaged: [] };
  let at = bytes.indexOf(elfMagic, 1);
  while (at >= 0) {
    const inner = embeddedAt(bytes, at, path);
    if (inner === 'damaged') found.damaged.push(`${path}+0x${at.toString(16)}`);
    if (found.damaged.length > mostDamaged) {
      throw malformed(path, undefined, `more than ${mostDamaged} damaged BPF objects inside`);
    }
    if (inner instanceof Elf) found.objects.push(inner);
    at = bytes.indexOf(elfMagic, at + (inner instanceof Elf ? inner.length : elfMagic.length));
  }
  return found;
}

function embeddedAt(bytes: Buffer, at: number, path: string): Elf | 'damaged' | undefined {
  const rest = bytes.subarray(at);
  if (rest.length < 64 || !isElf(rest)) return undefined;
  const machine = rest[5] === 2 ? rest.readUInt16BE(18) : rest.readUInt16LE(18);
  if (machine !== EM_BPF) return undefined;
  try {
    return new Elf(rest, `${path}+0x${at.toString(16)}`);
  } catch (error) {
    if (error instanceof KernelFileError) return 'damaged';
    throw error;
  }
}

function readRegularFile(path: string): Buffer {
  let fd: number;
  try {
    // Without O_NONBLOCK, opening a named pipe waits for a writer.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    throw cannotRead(path, error);
  }
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw malformed(path, undefined, 'not a regular file');
    if (stat.size > largestFile)
      throw malformed(path, undefined, `file is larger than 1 GiB (${stat.size} bytes)`);
    return readContents(fd, stat.size);
  } catch (error) {
    throw error instanceof KernelFileError ? error : cannotRead(path, error);
  } finally {
    closeSync(fd);
  }
}

/** Memory is only used where there is something but zeros: a file of 1 GiB may be a hole. */
function readContents(fd: number, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  const chunk = Buffer.alloc(chunkBytes);
  const zeros = Buffer.alloc(chunkBytes);
  let length = 0;
  for (let read = -1; read !== 0 && length < size; length += read) {
    read = readSync(fd, chunk, 0, Math.min(chunkBytes, size - length), length);
    const isHole = zeros.compare(chunk, 0, read, 0, read) === 0;
    if (!isHole) chunk.copy(bytes, length, 0, read);
    if (length === 0 && !isElf(chunk)) return bytes.subarray(0, read);
  }
  return bytes.subarray(0, length);
}

function cannotRead(path: string, cause: unknown): KernelFileError {
  const errno = errnoOf(cause);
  return new KernelFileError('read', path, `cannot read ${path}: ${describeErrno(errno)}`, { errno, cause });
}
