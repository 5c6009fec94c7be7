/** The directories that an overlay is made of. */

/** Paths as the mounter gave them, of its own mount namespace; some are relative. Byte strings. */
export interface OverlayLayers {
  /** Receives what is written; absent from a read-only overlay. */
  upper?: string;
  /** The topmost first; with those that hold only data. */
  lower: string[];
}

/**
 * The layers in the options of an overlay in mountinfo, whose escapes are still there:
 *
 *     rw,lowerdir=/docker/overlay2/l/A:/docker/overlay2/l/B,upperdir=/docker/overlay2/ID/diff
 *
 * Source: `ovl_show_options` in fs/overlayfs. Linux 6.5 and later print `:` in a path as `\072`, others `\:`
 * as `\134:`; since 6.8 there may be `lowerdir+` and `datadir+`, one directory each.
 */
export function parseOverlayLayers(superOptions: readonly string[]): OverlayLayers {
  const layers: OverlayLayers = { lower: [] };
  for (const option of superOptions) {
    const equals = option.indexOf('=');
    const key = option.slice(0, equals);
    const value = option.slice(equals + 1);
    if (key === 'upperdir') layers.upper = splitPaths(value, false)[0] ?? '';
    if (key === 'lowerdir') layers.lower.push(...splitPaths(value, true));
    if (key === 'lowerdir+' || key === 'datadir+') layers.lower.push(...splitPaths(value, false));
  }
  return layers;
}

/** Decodes the escapes, and splits at each `:` that is not one. */
function splitPaths(value: string, isList: boolean): string[] {
  const paths = [''];
  const append = (text: string) => {
    paths[paths.length - 1] += text;
  };
  for (const [token, octal] of value.matchAll(/\\134:|\\([0-7]{3})|[^\\:]+|[\\:]/g)) {
    if (token === '\\134:' && isList) append(':');
    else if (octal !== undefined) append(String.fromCharCode(Number.parseInt(octal, 8)));
    else if (token === ':' && isList) paths.push('');
    else append(token === '\\134:' ? '\\:' : token);
  }
  return paths.filter((path) => path !== '');
}
