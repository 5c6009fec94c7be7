import { malformed, parseCounter } from '../number.ts';

/** Memory of a device that is charged to a cgroup. */
export interface DmemUse {
  /** As the driver names it: `drm/0000:03:00.0/vram0`. */
  region: string;
  /** Unit: bytes. */
  bytes: number;
}

/**
 * Parses `dmem.current`:
 *
 *     drm/0000:03:00.0/vram0 12550144
 *
 * Source: Documentation/admin-guide/cgroup-v2.rst, "DMEM". Since: Linux 6.14.
 * @throws KernelFileError that names the line.
 */
export function parseDmemCurrent(text: string, path: string): DmemUse[] {
  return text.split('\n').flatMap((line, index) => {
    if (line === '') return [];
    const space = line.lastIndexOf(' ');
    if (space <= 0) throw malformed(path, index + 1, `'${line}' is not 'region bytes'`);
    return [{ region: line.slice(0, space), bytes: parseCounter(line.slice(space + 1), path, index + 1) }];
  });
}
