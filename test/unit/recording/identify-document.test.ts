import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseBudgetFile } from '#src/budget/budget-file.ts';
import { readSide } from '#src/budget/comparison/inputs.ts';
import { readRecording } from '#src/recording/read-recording.ts';

const folder = mkdtempSync(join(tmpdir(), 'cmemstat-unit-'));
afterAll(() => rmSync(folder, { recursive: true }));

const DOCUMENTS: Readonly<Record<string, { document: object; name: string; hint: RegExp }>> = {
  baseline: { document: { type: 'baseline' }, name: 'a baseline', hint: /^cmemstat compare \S+baseline / },
  summary: {
    document: { type: 'summary', version: 2 },
    name: 'a summary',
    hint: /^cmemstat compare \S+summary /,
  },
  verdict: { document: { type: 'verdict' }, name: 'a verdict', hint: /^cmemstat report \S+verdict$/ },
  comparison: {
    document: { type: 'comparison' },
    name: 'the output of cmemstat compare --json',
    hint: /^record a run/,
  },
  budgets: {
    document: { version: 2, budgets: [] },
    name: 'a budget file',
    hint: /^--budget-file \S+budgets$/,
  },
  maps: {
    document: { version: 1, cmemstat: '0.1.0', attribution: 'memcg', totals: {} },
    name: 'the output of cmemstat maps --json',
    hint: /^record a run/,
  },
  elf: {
    document: { version: 1, cmemstat: '0.1.0', objects: [] },
    name: 'the output of cmemstat elf --json',
    hint: /^record a run/,
  },
};

const write = (name: string) => {
  const file = join(folder, name);
  writeFileSync(file, JSON.stringify(DOCUMENTS[name]?.document, undefined, 2));
  return file;
};

async function read(file: string): Promise<void> {
  for await (const _ of readRecording(file)) {
    // Nothing is read.
  }
}

describe('a document of another kind', () => {
  it.each(Object.entries(DOCUMENTS))(
    'is identified where a recording is expected: %s',
    async (id, { name, hint }) => {
      const file = write(id);
      await expect(read(file)).rejects.toMatchObject({
        message: `${file}: this is ${name}, not a recording`,
        hint: expect.stringMatching(hint),
      });
    },
  );

  it.each(['budgets', 'maps', 'elf'])('is identified where figures are compared: %s', async (id) => {
    await expect(readSide(write(id))).rejects.toThrow(`(this is ${DOCUMENTS[id]?.name})`);
  });

  it.each(Object.entries(DOCUMENTS).filter(([id]) => id !== 'budgets'))(
    'is identified where a budget file is expected: %s',
    (id, { document, name }) => {
      expect(() => parseBudgetFile(JSON.stringify(document), id)).toThrow(
        `${id}: this is ${name}, not a budget file`,
      );
    },
  );

  it('is not identified if it is none of ours', async () => {
    const file = join(folder, 'other');
    writeFileSync(file, '{"budget": 1}');
    await expect(read(file)).rejects.toThrow('not a cmemstat recording (no start record)');
  });
});

describe('a file of lines', () => {
  const start = JSON.stringify({ type: 'start', version: 2 });

  it.each([
    ['run.jsonl', `${start}\n{"type":"sample"}\n`],
    ['cut.jsonl', start],
    ['middle.jsonl', '{"type":"sample"}\n{"type":"sample"}\n'],
  ])('%s is named as a recording, with the commands that read it', (file, text) => {
    const reject = () => parseBudgetFile(text, file);
    expect(reject).toThrow(`${file}: this is a recording, not a budget file`);
    expect(reject).toThrow(
      expect.objectContaining({ hint: `cmemstat budget check ${file}, or --baseline ${file}` }),
    );
  });

  it('of something else is not JSON', () => {
    expect(() => parseBudgetFile('{"a":1}\n{"b":2}\n', 'x.jsonl')).toThrow('x.jsonl:2: not JSON');
    expect(() => parseBudgetFile('null\nnull\n', 'x.jsonl')).toThrow('not JSON');
  });
});
