/** The file of `cmemstat exporter --config`. Schema: `schema/exporter.schema.json`. */
import { InputError, ToolError } from '../../errors.ts';
import { parseDocument } from '../../format/parse-document.ts';
import { safeText } from '../../format/safe-text.ts';
import {
  type ExporterConfigJson,
  findFaultInExporterConfig,
} from '../../recording/validation/exporter-config-validator.ts';
import { describeFault } from '../../recording/validation/fault.ts';

/** Each key is an option of the command line, which wins. */
export type ExporterConfig = Omit<ExporterConfigJson, '$schema' | 'version'>;

/**
 * Parses a file; `file` names it in errors.
 * @throws InputError that names the key.
 */
export function parseExporterConfig(text: string, file: string): ExporterConfig {
  let document: unknown;
  try {
    document = parseDocument(text);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new InputError(file, `${file}: not JSON: ${safeText(message)}`);
  }
  const fault = findFaultInExporterConfig(document);
  if (fault !== undefined) {
    const hint = fault.keys === undefined ? undefined : `one of ${fault.keys.join(', ')}`;
    throw new InputError(file, `${file}: ${describeFault(fault, document)}`, { hint });
  }
  const { $schema: _, version: __, ...config } = document as ExporterConfigJson;
  return config;
}

/** Runs a parser of an option on the value of a key. @throws InputError. */
export function parseKey<T>(file: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof ToolError)) throw error;
    throw new InputError(file, `${file}: ${error.message}`, { hint: error.hint });
  }
}
