import { spawn } from 'node:child_process';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { type AttachProcess, type WatchTopOptions, watchTop } from '#src/app/top/watch-top.ts';
import { CgroupLabels } from '#src/cgroup/resolve/cgroup-labels.ts';
import type { Screen } from '#src/view/terminal/terminal-screen.ts';
import { HOST } from '../../model/host/example-host.ts';
import { makeTree, removeTrees } from '../../temporary-tree.ts';
import { FakeScreen } from '../../view/fake-screen.ts';

const OPTIONS: WatchTopOptions = {
  sort: 'current',
  filter: '',
  units: 'readable',
  depth: undefined,
  intervalMs: 60_000,
};

type Signal = 'SIGHUP' | 'SIGINT' | 'SIGQUIT' | 'SIGTERM';

const children: AttachProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});
afterAll(removeTrees);

/** A view whose attachments run a command of the shell in place of `cmemstat attach`. */
async function watch(
  options: Partial<WatchTopOptions> = {},
  { command = 'exec sleep 60', openScreen = async (screen: Screen) => screen } = {},
) {
  const before = new Set(
    (['SIGINT', 'SIGQUIT', 'SIGTERM'] as const).flatMap((each) => process.listeners(each)),
  );
  const screens: FakeScreen[] = [];
  const attached: string[] = [];
  const read = vi.fn(() => HOST);
  const close = vi.fn();
  const ended = watchTop(
    { ...OPTIONS, ...options },
    {
      openScreen: () => {
        const screen = new FakeScreen({ width: 100, height: 24 });
        screens.push(screen);
        return openScreen(screen);
      },
      openSource: async () => ({ reader: { read, close }, labels: new CgroupLabels(makeTree()) }),
      startAttach: (directory) => {
        attached.push(directory);
        const child = spawn('sh', ['-c', command], { stdio: ['ignore', 'ignore', 'pipe'] });
        children.push(child);
        return child;
      },
    },
  );
  const last = () => screens.at(-1) as FakeScreen;
  await vi.waitFor(() => expect(last().text).toContain('cmemstat top'));
  return {
    ended,
    screens,
    attached,
    read,
    close,
    last,
    /** As the kernel does it for the handlers of the view, and for no others of the tests. */
    signal: (name: Signal) => {
      for (const listener of process.listeners(name)) if (!before.has(listener)) listener(name);
    },
    /** Attaches to the largest cgroup below the root. */
    attach: () => last().press('down', 'enter'),
    returned: async () => {
      await vi.waitFor(() => expect(screens).toHaveLength(2));
      await vi.waitFor(() => expect(last().text).toContain('/'));
    },
  };
}

describe('the view of all cgroups', () => {
  it('ends with a signal, with its status', async () => {
    const { ended, signal, last, close } = await watch();
    signal('SIGINT');
    expect(await ended).toBe(130);
    expect(last().isOpen).toBe(false);
    expect(close).toHaveBeenCalledTimes(1);
  });

  it('ends with an error where cgroups cannot be read any more', async () => {
    const { ended, read, last } = await watch({ intervalMs: 1000 });
    read.mockImplementation(() => {
      throw new Error('not mounted');
    });
    await expect(ended).rejects.toThrow('not mounted');
    expect(last().isOpen).toBe(false);
  });
});

describe('the view of all cgroups, while one of them is attached to', () => {
  it('has closed the terminal, and opens it again with the units and the filter that it had', async () => {
    const { ended, screens, attached, last, attach, returned } = await watch(
      { units: 'bytes', filter: 'kubepods' },
      { command: 'exit 0' },
    );
    expect(last().text).toContain('536,870,912');
    last().press('u');
    expect(last().text).not.toContain('536,870,912');
    last().press('u', 'u');
    attach();
    expect(screens[0]?.isOpen).toBe(false);
    expect(attached).toEqual(['/sys/fs/cgroup/kubepods']);
    await returned();
    expect(last().text).toContain('536,870,912');
    expect(last().text).not.toContain('nginx');
    last().press('q');
    expect(await ended).toBe(0);
  });

  it('shows why it failed: the last line of its standard error', async () => {
    const command = 'echo first >&2; echo "cmemstat: /kubepods was removed" >&2; exit 1';
    const { ended, last, attach, returned } = await watch({}, { command });
    attach();
    await returned();
    expect(last().text).toContain('cmemstat: /kubepods was removed');
    last().press('q');
    await ended;
  });

  it('ignores the signals that the terminal sends to both', async () => {
    const { ended, screens, signal, last, attach, returned } = await watch();
    attach();
    signal('SIGINT');
    signal('SIGQUIT');
    const [child] = children;
    expect(child).toMatchObject({ killed: false });
    expect(screens).toHaveLength(1);
    child?.kill('SIGKILL');
    await returned();
    expect(last().text).toContain('cmemstat attach ended with SIGKILL');
    last().press('q');
    expect(await ended).toBe(0);
  });

  it('ends it with SIGTERM, and then itself, without the view', async () => {
    const { ended, screens, signal, attach } = await watch();
    attach();
    signal('SIGTERM');
    expect(await ended).toBe(143);
    expect(children[0]).toMatchObject({ signalCode: 'SIGTERM' });
    expect(screens).toHaveLength(1);
  });

  it('ends by a signal that arrives while the terminal is opened again', async () => {
    let openAgain = () => {};
    const isWaiting = vi.fn();
    const { ended, signal, last, attach } = await watch(
      {},
      {
        command: 'exit 0',
        openScreen: async (screen) => {
          if (children.length > 0) {
            isWaiting();
            await new Promise<void>((resolve) => {
              openAgain = resolve;
            });
          }
          return screen;
        },
      },
    );
    attach();
    await vi.waitFor(() => expect(isWaiting).toHaveBeenCalled());
    signal('SIGTERM');
    openAgain();
    expect(await ended).toBe(143);
    expect(last().isOpen).toBe(false);
  });

  it('ends with an error of reading only after it, so that it is not left behind', async () => {
    const { ended, read, attach } = await watch({ intervalMs: 100 });
    attach();
    read.mockImplementation(() => {
      throw new Error('not mounted');
    });
    const settled = vi.fn();
    ended.then(settled, settled);
    await vi.waitFor(() => expect(read).toHaveBeenCalledTimes(2));
    await new Promise((done) => setImmediate(done));
    expect(settled).not.toHaveBeenCalled();
    children[0]?.kill('SIGTERM');
    await expect(ended).rejects.toThrow('not mounted');
  });
});
