/** The tree of memory by name in the view: of a run, and of its recording. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import { cmemstat, needs, TARGETS, testWith } from '../harness.ts';
import { needsTmux, shellQuote, tmux } from '../terminal.ts';
import { CMEMSTAT, newFolder, openView, readWhole } from './view-harness.ts';

/** Programs that visit pages are loaded by root. */
const needsNames = [needsTmux, needs.cgroup, needs.root, needs.chargedBpf];

/** Holds a file of 6 MiB, `kept.dat`, until it is ended. */
const HOLD = [process.execPath, join(TARGETS, 'hold-memory.mjs')];

describe('e', () => {
  testWith(needsNames, 'reads the memory of a run by name: Enter opens and closes, Esc leaves', async () => {
    const folder = newFolder();
    const terminal = await openView(`-- ${[...HOLD, folder, folder].map(shellQuote).join(' ')}`, {
      width: 120,
      height: 40,
    });
    await terminal.keys('6');
    await terminal.waitFor(/ {2}ready/);
    await terminal.keys('e');
    const tree = await terminal.waitFor(/^━\[Memory by name]━/m, /^ +6\.\d+ MiB +\d+% .*kept\.dat/m);
    expect(tree).toMatch(/^ {2}at \d\S+ {2}current \S+ MiB {2}unnamed .* {2}method pages/m);
    // Long commands are shown without their middle.
    expect(tree).toMatch(/▸ \S*node \S+.* \(\d+\)/);
    await terminal.keys('Down', 'Down', 'Enter');
    await terminal.waitFor(/▾ \S*node \S+.* \(\d+\)/, /\[heap]/);
    await terminal.keys('Enter');
    await terminal.waitFor(/^(?!.*\[heap])/s);
    await terminal.keys('Escape');
    await terminal.waitFor(/^━\[6 Output]━/m);
    await terminal.keys('q', 's');
    expect(await terminal.ended()).toBe(143);
    rmSync(folder, { recursive: true });
  });

  testWith([needsTmux], 'says that it requires a memory cgroup', async () => {
    const terminal = await openView('--placement process-tree -- sleep 60', { width: 120 });
    await terminal.keys('e');
    await terminal.waitFor(/memory by name requires a memory cgroup.*\(hint: cmemstat\s+doctor\)/s);
    await terminal.keys('Left', 'q', 's');
    expect(await terminal.ended()).toBe(143);
  });

  testWith(needsNames, 'shows in a replay what --explain has recorded, at its time', async () => {
    const folder = newFolder();
    const file = join(folder, 'run.jsonl');
    const body = `head -c 9M /dev/zero >${folder}/written.dat; sleep 1`;
    const outcome = await cmemstat(
      '--explain',
      'end',
      '--output',
      file,
      '--no-tui',
      '-q',
      '--',
      'sh',
      '-c',
      body,
    );
    expect(outcome.status).toBe(0);
    const { summary } = await readWhole(file);
    const [explained] = summary.explained ?? [];
    expect(explained?.moment).toBe('end');
    const terminal = await tmux({
      command: `exec ${CMEMSTAT} replay ${file} --at start`,
      width: 120,
      height: 40,
    });
    await terminal.waitFor(/1 Breakdown/);
    await terminal.keys('e');
    await terminal.waitFor(/the memory was read by name later, at \S+ \(hint: g goes there/);
    await terminal.keys('Escape', '2', 'End');
    await terminal.waitFor(/at the end/, /e explained/);
    await terminal.keys('e');
    await terminal.waitFor(/ {2}at \S+ \(end\) {2}/, /^ +9\.\d+ MiB .*written\.dat/m);
    await terminal.keys('Escape', 'q');
    expect(await terminal.ended()).toBe(0);
  });
});
