/** Runs the inputs of one target one after the other, until a time or a number of them. */
import { checkInput } from '../check-input.ts';
import { Random } from '../random.ts';
import type { DocumentTarget } from './document-target.ts';

/** One faulty input. */
export interface Failure {
  /** The index of the input, which with the seed repeats it. */
  index: number;
  fault: string;
  /** Absent if the process did not get to pass it on. */
  input?: Buffer;
}

/** The input of a target with this index. */
export function makeInput(target: DocumentTarget, seed: number, index: number): Buffer {
  return target.make(new Random(`${seed}/${target.name}/${index}`));
}

/** Where to start and when to stop. */
export interface Range {
  seed: number;
  from: number;
  isDone: (next: number) => boolean;
  /** Called before each input. */
  onInput?: (index: number) => void;
  onFailure: (failure: Failure) => void;
}

/** How many inputs were tried, and how many of them were read without an error. */
export interface InputCounts {
  tried: number;
  read: number;
}

/** Runs inputs; returns when the range is done. */
export async function runInputs(target: DocumentTarget, range: Range): Promise<InputCounts> {
  const counts = { tried: 0, read: 0 };
  for (let index = range.from; !range.isDone(index); index += 1) {
    range.onInput?.(index);
    const input = makeInput(target, range.seed, index);
    const outcome = await checkInput(target, input);
    counts.tried += 1;
    if (outcome.kind === 'read') counts.read += 1;
    if (outcome.kind === 'fault') range.onFailure({ index, fault: outcome.fault, input });
  }
  return counts;
}
