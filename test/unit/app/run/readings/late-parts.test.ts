import { expect, it, vi } from 'vitest';
import { LateParts } from '#src/app/run/readings/late-parts.ts';

/** Parts whose BPF memory is prepared when `finish` is called. */
function makeParts() {
  const finishes: (() => void)[] = [];
  const prepareBpf = vi.fn(() => new Promise<void>((resolve) => finishes.push(resolve)));
  const processes = { start: vi.fn(async () => {}), stop: vi.fn() };
  const finish = async () => {
    finishes.shift()?.();
    await new Promise((done) => setImmediate(done));
  };
  return { parts: new LateParts({ prepareBpf, processes }), prepareBpf, processes, finish };
}

it('opens BPF memory first, and then processes', async () => {
  const { parts, prepareBpf, processes, finish } = makeParts();
  parts.start();
  await vi.waitFor(() => expect(prepareBpf).toHaveBeenCalledTimes(1));
  expect(processes.start).not.toHaveBeenCalled();
  await finish();
  expect(processes.start).toHaveBeenCalledTimes(1);
});

it('opens nothing of a target that exits at once', async () => {
  const { parts, prepareBpf, processes } = makeParts();
  parts.start();
  parts.stop();
  await new Promise((done) => setTimeout(done, 50));
  expect(prepareBpf).not.toHaveBeenCalled();
  expect(processes.stop).toHaveBeenCalled();
});

it('reads no processes of a cgroup that was left meanwhile, and those of the next one once', async () => {
  const { parts, prepareBpf, processes, finish } = makeParts();
  parts.start();
  await vi.waitFor(() => expect(prepareBpf).toHaveBeenCalledTimes(1));
  parts.stop();
  await finish();
  expect(processes.start).not.toHaveBeenCalled();
  parts.start();
  await vi.waitFor(() => expect(prepareBpf).toHaveBeenCalledTimes(2));
  await finish();
  expect(processes.start).toHaveBeenCalledTimes(1);
});
