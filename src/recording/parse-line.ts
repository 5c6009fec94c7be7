/** Parses the lines of a recording. */

import { withoutByteOrderMark } from '../format/byte-order-mark.ts';
import { isNestedDeeper } from '../format/json-depth.ts';
import { FORMAT_VERSION, type RecordLine } from '../model/recording.ts';
import { FIND_FAULT } from './record-shapes.ts';
import { rejectNewer, upgradeRecord } from './upgrade.ts';
import { describeFault } from './validation/fault.ts';

/**
 * A valid record; a damaged line with the reason; or a record of a type that this version does not know.
 */
export type ParsedLine = { record: RecordLine } | { damaged: string } | { unknown: string };

/** Ours are nested less than 50 deep, with the tree of memory by name. */
const MAX_DEPTH = 500;
const SHORT_LENGTH = 64 * 1024;

/**
 * Parses one line: JSON of a known type that conforms to its schema. `file` is the name of the recording in
 * errors.
 * @throws InputError if a newer cmemstat wrote it in an unsupported format.
 */
export function parseRecordLine(text: string, file = 'the recording'): ParsedLine {
  // Short lines are parsed in no time, however deep they are.
  if (text.length > SHORT_LENGTH && isNestedDeeper(text, MAX_DEPTH)) return { damaged: 'nested too deeply' };
  let value: unknown;
  try {
    value = JSON.parse(withoutByteOrderMark(text));
  } catch {
    return { damaged: 'not valid JSON' };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { damaged: 'not a JSON object' };
  const fields = value as Record<string, unknown>;
  const { type } = fields;
  if (typeof type !== 'string') return { damaged: 'type is missing: expected a string' };
  if (type === 'start' || type === 'summary') rejectNewer(fields, FORMAT_VERSION, file);
  if (!isKnown(type)) return { unknown: type };
  const upgraded = upgradeRecord(fields);
  const fault = FIND_FAULT[type](upgraded);
  // The checks above guarantee the type.
  return fault === undefined
    ? { record: upgraded as unknown as RecordLine }
    : { damaged: `${type}: ${describeFault(fault, upgraded)}` };
}

function isKnown(type: string): type is RecordLine['type'] {
  return Object.hasOwn(FIND_FAULT, type);
}
