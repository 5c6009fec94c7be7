import { expect, it } from 'vitest';
import { PageCollector } from '#src/app/page/page-collector.ts';
import { PLAIN, sampleAt, startRecord } from '../../report/html/html-runs.ts';

const ASSETS = { script: '1', style: 'a{}', scriptHash: "'sha256-a'", styleHash: "'sha256-b'" };

async function pageOf(count: number): Promise<string> {
  const page = new PageCollector({}, count);
  for (let run = 1; run <= count; run += 1) {
    const recording = page.open(`run-${run}.jsonl`);
    for (const record of [startRecord(PLAIN), sampleAt(0, run), sampleAt(100, run)]) {
      recording.addLine(JSON.stringify(record));
      recording.observe(record);
    }
    await recording.close();
  }
  return page.render(undefined, undefined, ASSETS);
}

it('compares the first of many recordings with the last', async () => {
  const page = await pageOf(25);
  const [heads = ''] = /<caption>Maxima of the recordings<\/caption><thead>.*?<\/thead>/.exec(page) ?? [];
  expect(heads.match(/run-\d+\.jsonl/g)).toEqual([
    ...Array.from({ length: 19 }, (_, at) => `run-${at + 1}.jsonl`),
    'run-25.jsonl',
  ]);
  const [row = ''] = /<th scope="row">anon<\/th>.*?<\/tr>/.exec(page) ?? [];
  expect(row).toContain('>+24.0 MiB<');
  expect(page).toContain('5 runs before the last one are not shown');
  const inside = [...page.matchAll(/class="recording" data-name="([^"]+)"/g)].map(([, name]) => name);
  expect(inside).toHaveLength(20);
  expect(inside.at(-1)).toBe('run-25.jsonl');
});

it('shows all of twenty', async () => {
  const page = await pageOf(20);
  expect(page).not.toContain('are not shown');
  expect(page).toContain('run-20.jsonl');
});

it('does not pack what is too large to be inside', () => {
  const page = new PageCollector({}, 1);
  const recording = page.open('run.jsonl', 128 * 1024 ** 2 + 1);
  expect(recording.isPacking).toBe(false);
  recording.observe(startRecord(PLAIN));
  expect(page.render(undefined, undefined, ASSETS)).toContain(
    'run.jsonl: the recording is larger than 128 MiB and is not inside this report',
  );
  expect(page.open('other.jsonl', 128 * 1024 ** 2).isPacking).toBe(true);
});
