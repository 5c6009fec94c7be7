import { describe, expect, it } from 'vitest';
import { ProgramWatch, type RunningProgram } from '#src/sampler/program-watch.ts';

/** Processes as `pid:comm:image`; without an image they cannot be inspected. */
const processes = (text: string): RunningProgram[] =>
  text
    .split(' ')
    .filter((each) => each !== '')
    .map((each) => {
      const [pid = '', comm = '', image] = each.split(':');
      return { pid: Number(pid), comm, image };
    });

function looks(...texts: string[]) {
  const watch = new ProgramWatch(10);
  return texts.map((text) => watch.look(processes(text)));
}

describe('ProgramWatch', () => {
  it('does not report a target that is the started program', () => {
    expect(looks('10:make:a', '10:make:a')).toEqual([undefined, undefined]);
  });

  it('reports what the target had started at the first look', () => {
    expect(looks('10:make:a 11:gcc:b')).toEqual([{ count: 1, increase: 1, message: 'gcc' }]);
  });

  it('reports a process that has executed another program, and one that runs another than its parent', () => {
    expect(looks('10:sh:a', '10:node:b 11:sleep:c')).toEqual([
      undefined,
      { count: 2, increase: 2, message: 'node, sleep' },
    ]);
  });

  it('does not report a fork', () => {
    expect(looks('10:sh:a', '10:sh:a 11:sh:a 12:sh:a')).toEqual([undefined, undefined]);
  });

  it('reports a program once if it has forked since', () => {
    expect(looks('10:sh:a', '10:sh:a 11:server:b 12:server:b 13:server:b')[1]?.increase).toBe(1);
  });

  it('names three, counts the others, and sums', () => {
    expect(looks('10:make:a', '11:gcc:b 12:gcc:c 13:as:d 14:ld:e 15:ar:f 16:nm:g', '11:cc1:h')).toEqual([
      undefined,
      { count: 6, increase: 6, message: 'gcc, as, ld +2' },
      { count: 7, increase: 1, message: 'cc1' },
    ]);
  });

  it('reports a process that it may not inspect by its name', () => {
    expect(looks('10:sh:a', '10:sh:a 11:sudo', '10:sh:a 11:sudo')).toEqual([
      undefined,
      { count: 1, increase: 1, message: 'sudo' },
      undefined,
    ]);
  });

  it('accepts the first look if the target is not visible', () => {
    expect(looks('11:a:x 12:b:y', '11:a:x 12:b:z')).toEqual([
      undefined,
      { count: 1, increase: 1, message: 'b' },
    ]);
  });
});
