/** Names of systemd units as their cgroups have them. */

/** The units that have cgroups. */
export type UnitType = 'service' | 'scope' | 'slice' | 'socket' | 'mount' | 'swap';

/** Source: `unit_name_is_valid` in systemd's src/basic/unit-name.c, VALID_CHARS_WITH_AT. */
const UNIT_NAME = /^([A-Za-z0-9:_.\\@-]+)\.(service|scope|slice|socket|mount|swap)$/;

/** The longest name of a unit. Source: UNIT_NAME_MAX in systemd's src/basic/unit-def.h. */
const MAX_UNIT_NAME = 256;

/** A unit. */
export interface UnitName {
  /** As systemctl takes it, escapes included: `dev-hugepages.mount`. */
  unit: string;
  type: UnitType;
  /** Without the type: `postgresql@9.4-main`. */
  prefix: string;
  /** What follows the `@`, with escapes decoded. Absent if it has none. */
  instance?: string;
}

/**
 * The unit that a cgroup of this name belongs to; undefined if it is not named like a unit. systemd prefixes
 * names that the kernel could use itself with `_`.
 * Source: `cg_escape` in systemd's src/basic/cgroup-util.c.
 */
export function parseUnitName(component: string): UnitName | undefined {
  const unit = component.startsWith('_') ? component.slice(1) : component;
  const match = unit.length > MAX_UNIT_NAME ? null : UNIT_NAME.exec(unit);
  if (match === null) return undefined;
  const [, prefix = '', type] = match;
  const at = prefix.indexOf('@');
  const name: UnitName = { unit, type: type as UnitType, prefix };
  if (at >= 0) name.instance = unescapeUnitName(prefix.slice(at + 1));
  return name;
}

/**
 * Decodes `\xNN`, and nothing else: `-` stands for `/` only in names that were made of paths. Bytes that are
 * not UTF-8 stay escaped. Source: systemd.unit(5), String Escaping for Inclusion in Unit Names.
 */
export function unescapeUnitName(name: string): string {
  return name.replace(/(?:\\x[0-9a-fA-F]{2})+/g, (escapes) => {
    const bytes = Buffer.from(escapes.replaceAll('\\x', ''), 'hex');
    const text = bytes.toString('utf8');
    return Buffer.from(text, 'utf8').equals(bytes) ? text : escapes;
  });
}
