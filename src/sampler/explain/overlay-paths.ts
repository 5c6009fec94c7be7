/**
 * Files of overlays: the page cache belongs to a file of a layer, which lies in another file system and often
 * in another mount namespace.
 */
import { realpathSync } from 'node:fs';
import type { Mount } from '../../kernel/procfs/mountinfo.ts';
import { parseOverlayLayers } from '../../kernel/procfs/overlay-layers.ts';
import { type ByteString, pathOf } from '../../target/byte-string.ts';
import { joinPaths, type MountTable, pathBelow, type SeenPath } from './mount-table.ts';

/** Looks up a path of the host: its real path; undefined if there is none. */
export type FindRealPath = (path: ByteString) => ByteString | undefined;

/** The real path of a path of this process's mount namespace. */
export function findRealPath(path: ByteString): ByteString | undefined {
  try {
    return realpathSync.native(pathOf(path), { encoding: 'buffer' }).toString('latin1');
  } catch {
    return undefined;
  }
}

/** A layer as the directory of a file system. */
interface Layer {
  overlay: Mount;
  /** The path of the layer's directory inside its file system. */
  inside: ByteString;
}

/** More layers are not looked at. */
const MAX_LAYERS = 20_000;

/** The overlays of a mount namespace. */
export class OverlayPaths {
  readonly #table: MountTable;
  readonly #host: MountTable;
  readonly #findRealPath: FindRealPath;
  /** By device; the longest path first. */
  readonly #layers = new Map<string, Layer[]>();
  /** Layers whose paths are relative to an unknown directory, as podman mounts them. */
  #relative: { overlay: Mount; path: ByteString }[] = [];
  readonly #triedBases = new Set<ByteString>();
  /** Layers that the host does not show: of the root of a live system, or of a virtual machine. */
  readonly #hidden: { overlay: Mount; path: ByteString }[] = [];

  /** `host`: the mount namespace of this process, in which layers are looked up. */
  constructor(table: MountTable, host: MountTable, find: FindRealPath = findRealPath) {
    this.#table = table;
    this.#host = host;
    this.#findRealPath = find;
    let count = 0;
    for (const overlay of table.mounts) {
      if (overlay.fsType !== 'overlay') continue;
      const { upper, lower } = parseOverlayLayers(overlay.superOptions);
      for (const path of upper === undefined ? lower : [upper, ...lower]) {
        count += 1;
        if (count > MAX_LAYERS) break;
        if (path.startsWith('/')) this.#addLayer(overlay, path);
        else this.#relative.push({ overlay, path });
      }
    }
    this.#sort();
  }

  /** Where a file of a layer is seen. `inside`: its path in its file system. */
  find(device: string, inside: ByteString): SeenPath | undefined {
    this.#findBase(device, inside);
    for (const layer of this.#layers.get(device) ?? []) {
      const below = pathBelow(layer.inside, inside);
      if (below === undefined) continue;
      const seen = this.#table.find(layer.overlay.device, below === '' ? '/' : below);
      if (seen !== undefined) return seen;
    }
    return undefined;
  }

  /**
   * Where a file may be seen whose layer the host does not show: the end of the layer's path may be the
   * beginning of the file's, or the layer a whole file system. To be verified.
   */
  guess(inside: ByteString): SeenPath[] {
    const guesses = this.#hidden.map(({ overlay, path }) => {
      const parts = path.split('/').slice(1);
      const suffixes = parts.map((_, at) => `/${parts.slice(at).join('/')}`);
      const below = suffixes.map((suffix) => pathBelow(suffix, inside)).find((rest) => rest !== undefined);
      return this.#table.find(overlay.device, below || inside);
    });
    return guesses.filter((seen) => seen !== undefined);
  }

  #addLayer(overlay: Mount, path: ByteString): void {
    const real = this.#findRealPath(path);
    const mount = real === undefined ? undefined : this.#host.mountAt(real);
    const below = mount && real !== undefined ? pathBelow(mount.mountPoint, real) : undefined;
    if (mount === undefined || below === undefined) {
      this.#hidden.push({ overlay, path });
      return;
    }
    const layer = { overlay, inside: joinPaths(mount.root, below) };
    const same = this.#layers.get(mount.device);
    if (same === undefined) this.#layers.set(mount.device, [layer]);
    else same.push(layer);
  }

  /** Relative paths begin in a directory above the files of the layers. */
  #findBase(device: string, inside: ByteString): void {
    const [first] = this.#relative;
    if (first === undefined) return;
    const seen = this.#host.find(device, inside);
    if (seen === undefined) return;
    for (let end = seen.path.lastIndexOf('/'); end > 0; end = seen.path.lastIndexOf('/', end - 1)) {
      const base = seen.path.slice(0, end);
      if (this.#triedBases.has(base)) continue;
      this.#triedBases.add(base);
      if (this.#findRealPath(`${base}/${first.path}`) === undefined) continue;
      const relative = this.#relative;
      this.#relative = [];
      for (const { overlay, path } of relative) this.#addLayer(overlay, `${base}/${path}`);
      this.#sort();
      return;
    }
  }

  #sort(): void {
    for (const layers of this.#layers.values()) layers.sort((a, b) => b.inside.length - a.inside.length);
  }
}
