/** The view with third-party programs: plausible figures, and two terminal sizes. */
import { join } from 'node:path';
import { expect } from 'vitest';
import { needs, needsProgram, scratch, TARGETS, testWith } from '../harness.ts';
import { needsTmux, shellQuote, type TmuxTerminal, until } from '../terminal.ts';
import { AGENT, openView, script } from './view-harness.ts';

const OFTEN = '--interval 200ms --bpf-interval 500ms --process-interval 500ms';

const UNITS: Readonly<Record<string, number>> = { B: 1 / 1024 / 1024, KiB: 1 / 1024, MiB: 1, GiB: 1024 };

/** The first size in a row of the breakdown. Unit: MiB. */
function sizeOf(screen: string, row: string): number {
  const [, number, unit = ''] = new RegExp(`^ {2}\\S +${row} +([\\d.]+) ([KMG]?i?B)`, 'm').exec(screen) ?? [];
  return Number(number) * (UNITS[unit] ?? Number.NaN);
}

/** A screen with a matching figure in a row. */
async function waitForSize(
  terminal: TmuxTerminal,
  row: string,
  wanted: (mib: number) => boolean,
): Promise<string> {
  let last = '';
  return until(`${row} in the breakdown`, async () => {
    last = await terminal.capture();
    return wanted(sizeOf(last, row)) ? last : undefined;
  }).catch((error: Error) => {
    throw new Error(`${error.message}; on the screen:\n${last}`);
  });
}

/** At both sizes no line is truncated inside a word at the edge of the screen, and the parts add up. */
async function expectPlausible(terminal: TmuxTerminal): Promise<void> {
  for (const [width, height] of [
    [80, 24],
    [120, 40],
  ] as const) {
    await terminal.resize(width, height);
    const screen = await until(`the frame for ${width}x${height}`, async () => {
      const shown = await terminal.capture();
      return shown.split('\n').some((line) => line.length > width - 20) && sizeOf(shown, 'current') > 0
        ? shown
        : undefined;
    });
    const [current, anon, kernel] = ['current', 'anon', 'kernel'].map((row) => sizeOf(screen, row)) as [
      number,
      number,
      number,
    ];
    expect(anon, screen).toBeGreaterThan(0);
    expect(anon + kernel, screen).toBeLessThan(current * 1.05 + 4);
    expect(screen).not.toMatch(/NaN|undefined|Infinity|\[object/);
  }
}

testWith([needsTmux, needs.cgroup, needs.root, needs.chargedBpf], 'examples/agent.mjs', async () => {
  const terminal = await openView(`${OFTEN} -- ${AGENT}`, { width: 120, height: 40 });
  await waitForSize(terminal, 'BPF maps', (mib) => mib > 17 && mib < 19);
  // The list may be drawn one frame after the sums.
  await terminal.waitFor(/^▶ flows +hash +13\.\d MiB/m, /4 maps, 18\.\d MiB, 512 KiB uncharged/);
  await terminal.waitFor(/agent\[\d+]: wave \d/);
  await terminal.waitFor(/2 processes/);
  await expectPlausible(terminal);
});

testWith([needsTmux, needs.cgroup], 'node that grows', async () => {
  const grow = `${shellQuote(process.execPath)} ${shellQuote(join(TARGETS, 'grow.mjs'))}`;
  const terminal = await openView(`${OFTEN} -- ${grow} 20@0 60@900 120@1800 60000`, {
    width: 120,
    height: 40,
  });
  const screen = await waitForSize(terminal, 'anon', (mib) => mib > 120 && mib < 150);
  await terminal.waitFor(/grown to 120 at/);
  expect(screen).toMatch(/◆|peak 1[2-5]\d MiB/);
  await expectPlausible(terminal);
});

testWith(
  [needsTmux, needs.cgroup, needsProgram('redis-server'), needsProgram('redis-benchmark')],
  'redis-server under load',
  async () => {
    const socket = join(scratch, 'view-redis.sock');
    const load = `redis-server --port 0 --unixsocket ${socket} --save '' --appendonly no >/dev/null &
      until redis-cli -s ${socket} ping >/dev/null 2>&1; do sleep 0.1; done
      redis-benchmark -s ${socket} -t set -d 4000 -r 20000 -n 40000 -q; redis-benchmark -s ${socket} -t get -n 100000000 -q`;
    const terminal = await openView(`${OFTEN} -- ${script(load)}`, { width: 120, height: 40 });
    const screen = await waitForSize(terminal, 'anon', (mib) => mib > 50 && mib < 200);
    expect(screen).toMatch(/running/);
    await terminal.waitFor(/\d redis-server .* \d+\.?\d* MiB/);
    await terminal.keys('4', 's', 's', 's');
    await terminal.waitFor(/cpu▼.*\n▶ +\d+ redis-(server|benchmark) .* \d\d\.\d%/);
    await expectPlausible(terminal);
  },
);

testWith(
  [needsTmux, needs.cgroup, needsProgram('stress-ng')],
  'stress-ng --vm 2 --vm-bytes 64M',
  async () => {
    const terminal = await openView(`${OFTEN} -- stress-ng --vm 2 --vm-bytes 64M --vm-keep --timeout 60`, {
      width: 120,
      height: 40,
    });
    const screen = await waitForSize(terminal, 'anon', (mib) => mib > 50 && mib < 180);
    expect(screen).toMatch(/stress-ng --vm 2/);
    await terminal.keys('4', 'T');
    await terminal.waitFor(/[├└]─ stress-ng/);
    await expectPlausible(terminal);
  },
);
