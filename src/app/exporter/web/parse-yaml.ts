/** The only module that uses js-yaml. */
import { CORE_SCHEMA, loadAll } from 'js-yaml';

/**
 * A YAML document as plain objects, arrays, texts, numbers and booleans; undefined for an empty one.
 * @throws Error with the line of what is malformed; also for keys that stand twice, and a second document.
 */
export function parseYaml(text: string): unknown {
  const [document, ...more] = loadAll(text, { schema: CORE_SCHEMA });
  if (more.length > 0) throw new Error('contains more than one document');
  return document;
}
