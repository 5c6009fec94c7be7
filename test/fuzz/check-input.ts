/** Runs one input and looks for what no input may cause. */
import { ToolError } from '#src/errors.ts';
import type { DocumentTarget } from './documents/document-target.ts';

/** The CPU time that an input may take: that of a clock depends on other programs. Unit: milliseconds. */
export const MAX_MS = 2_000;

/** The most by which the peak of this process's memory may grow during one input. Unit: KiB. */
const MAX_GROWTH_KIB = 384 * 1024;

/** The longest message for an input, without what it quotes of the input. Unit: characters. */
const MAX_MESSAGE = 4_000;

/** What a bug prints instead of a value. */
const NO_VALUES = /\[object Object\]|\bNaN\b|\bundefined\b|\bInfinity\b/g;

/** What a terminal may take for a command: control characters except for those of lines and tables. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: matches control characters on purpose
const CONTROL_CHARACTERS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/;

/** How an input ended: it was read, refused with an error for the user, or it showed a fault. */
export type Outcome = { kind: 'read' | 'refused' } | { kind: 'fault'; fault: string };

/** Reads one input. Endless loops and exhausted memory do not return: the parent process notices them. */
export async function checkInput(target: DocumentTarget, input: Buffer): Promise<Outcome> {
  const peakBefore = process.resourceUsage().maxRSS;
  const start = process.cpuUsage();
  let outcome: Outcome;
  try {
    outcome = checkOutput(await target.read(input), input);
  } catch (error) {
    outcome = checkError(error, input);
  }
  const { user, system } = process.cpuUsage(start);
  const ms = (user + system) / 1000;
  const grownKib = process.resourceUsage().maxRSS - peakBefore;
  const prototype = checkPrototypes();
  if (prototype !== undefined) return fault(prototype);
  if (outcome.kind === 'fault') return outcome;
  if (ms > MAX_MS) return fault(`took ${Math.round(ms)} ms`);
  if (grownKib > MAX_GROWTH_KIB) return fault(`took ${Math.round(grownKib / 1024)} MiB of memory`);
  return outcome;
}

function fault(text: string): Outcome {
  return { kind: 'fault', fault: text };
}

function checkError(error: unknown, input: Buffer): Outcome {
  if (!(error instanceof ToolError)) {
    return fault(error instanceof Error ? (error.stack ?? error.message) : `thrown: ${String(error)}`);
  }
  const text = [error.message, error.hint ?? '', error.detail ?? ''].join('\n');
  if (error.message.trim() === '') return fault('an error without a message');
  if (text.length > MAX_MESSAGE + 3 * input.length)
    return fault(`an error message of ${text.length} characters`);
  const word = unexpectedWord(text, input);
  return word === undefined ? { kind: 'refused' } : fault(`${word} in the error: ${text}`);
}

function checkOutput(texts: readonly string[], input: Buffer): Outcome {
  for (const text of texts) {
    if (CONTROL_CHARACTERS.test(text)) {
      const at = text.search(CONTROL_CHARACTERS);
      return fault(
        `a control character in the output: ${JSON.stringify(text.slice(Math.max(0, at - 80), at + 20))}`,
      );
    }
    const word = unexpectedWord(text, input);
    if (word !== undefined) return fault(`${word} in the output: ${lineWith(text, word)}`);
  }
  return { kind: 'read' };
}

function lineWith(text: string, word: string): string {
  return text.split('\n').find((line) => line.includes(word)) ?? '';
}

function unexpectedWord(text: string, input: Buffer): string | undefined {
  // JSON has no infinity: 1e400 is read as that, and refused.
  const words = text.replaceAll(/\b(?:found|is|format version) -?Infinity/g, '').match(NO_VALUES);
  return words?.find((word) => !input.includes(word));
}

const PROTOTYPES = [Object.prototype, Array.prototype, Function.prototype, String.prototype, Map.prototype];
const OWN_NAMES = PROTOTYPES.map((prototype) => Reflect.ownKeys(prototype).length);

/** Whether an input has changed what all objects inherit; undoes additions to `Object.prototype`. */
function checkPrototypes(): string | undefined {
  const at = PROTOTYPES.findIndex(
    (prototype, index) => Reflect.ownKeys(prototype).length !== OWN_NAMES[index],
  );
  if (at < 0) return undefined;
  const names = Reflect.ownKeys(PROTOTYPES[at] as object).slice(OWN_NAMES[at]);
  for (const name of names) Reflect.deleteProperty(PROTOTYPES[at] as object, name);
  return `${names.map(String).join(', ')} was added to a prototype of JavaScript`;
}
