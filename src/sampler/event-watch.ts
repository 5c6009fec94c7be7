/** Detects OOM kills and limit hits when they occur. */
import { closeSync, type FSWatcher, openSync, read, watch, writeSync } from 'node:fs';
import { join } from 'node:path';
import { parseOomKills } from '../kernel/cgroup1/oom-control.ts';
import { parseMemoryEvents } from '../kernel/cgroup2/memory-events.ts';
import { writePseudoFile } from '../kernel/pseudo-file.ts';
import type { EventRecord } from '../model/recording.ts';
import { KeptValue } from './figure-reader.ts';

/** Counter values at one time; `local` excludes nested cgroups. */
export interface EventCounts {
  events?: Record<string, number> | undefined;
  local?: Record<string, number> | undefined;
}

type Noticed = NonNullable<EventRecord['noticed']>;

/** Receives the counters that a watch has read. */
type OnChange = (counts: EventCounts, noticed: Exclude<Noticed, 'tick'>) => void;

/**
 * Converts counter increases to records; each increase is reported once, by whichever source detects it
 * first.
 */
export class EventCounters {
  #last: Required<{ events: Record<string, number>; local: Record<string, number> }> = {
    events: {},
    local: {},
  };

  /** Records for all increases since the last call. */
  observe(counts: EventCounts, elapsedMs: number, noticed: Noticed): EventRecord[] {
    const local = counts.local ?? {};
    // v1 and kernels before 5.2 only have one of the two.
    const main = counts.events ?? local;
    const records: EventRecord[] = [];
    for (const [event, count] of Object.entries(main)) {
      const increase = count - (this.#last.events[event] ?? 0);
      if (increase <= 0) continue;
      const record: EventRecord = { type: 'event', elapsedMs, event, count, increase, noticed };
      const localCount = local[event];
      if (localCount !== undefined) record.localIncrease = localCount - (this.#last.local[event] ?? 0);
      records.push(record);
    }
    this.#last = { events: { ...this.#last.events, ...main }, local: { ...this.#last.local, ...local } };
    return records;
  }
}

/** The reader of the figures reports malformed lines of the same files. */
const ignore = () => {};

/** A watch on the leaf's event counters. */
export interface EventWatch {
  stop(): void;
}

/**
 * Watches `memory.events` of a cgroup v2 leaf by inotify. The kernel coalesces notifications, so each one
 * only triggers a read.
 * @throws an error with the errno if inotify(7) or a file is not available.
 */
export function watchEvents2(directory: string, onChange: OnChange): EventWatch {
  const events = new KeptValue(directory, 'memory.events', parseMemoryEvents, ignore);
  const local = new KeptValue(directory, 'memory.events.local', parseMemoryEvents, ignore);
  let watcher: FSWatcher | undefined;
  const notify = () => onChange({ events: events.read(), local: local.read() }, 'inotify');
  watcher = watch(join(directory, 'memory.events'), notify);
  // The file disappears with the leaf: not an error.
  watcher.on('error', () => {});
  return {
    stop() {
      watcher?.close();
      watcher = undefined;
      events.close();
      local.close();
    },
  };
}

/**
 * Watches `memory.oom_control` of a cgroup v1 leaf by an eventfd, v1's equivalent of
 * inotify. `eventFd` is taken over and closed. Source: Documentation/admin-guide/cgroup-v1/memory.rst,
 * section 10.
 * @throws an error with the errno if a file is not available.
 */
export function watchEvents1(directory: string, eventFd: number, onChange: OnChange): EventWatch {
  const control = openSync(join(directory, 'memory.oom_control'), 'r');
  const oomKills = new KeptValue(directory, 'memory.oom_control', parseOomKills, ignore);
  writePseudoFile(join(directory, 'cgroup.event_control'), `${eventFd} ${control}`);
  const counter = Buffer.alloc(8);
  const timers = new Set<NodeJS.Timeout>();
  const close = () => {
    for (const fd of [eventFd, control]) closeSync(fd);
  };
  let isWaiting = false;
  let stopped = false;
  const look = () => {
    const count = oomKills.read();
    if (count !== undefined) onChange({ local: { oom_kill: count } }, 'eventfd');
  };
  const wait = () => {
    read(eventFd, counter, 0, 8, null, (error) => {
      if (stopped || error !== null) return close();
      // The kernel notifies when the leaf runs out of memory, before a process is killed and counted.
      for (const delayMs of RECHECK_AFTER_MS) {
        const timer = setTimeout(() => {
          timers.delete(timer);
          look();
        }, delayMs);
        timers.add(timer);
      }
      wait();
    });
  };
  // The eventfd counts meanwhile.
  const start = setTimeout(() => {
    isWaiting = true;
    wait();
  }, WAIT_AFTER_MS);
  const stop = () => {
    if (stopped) return;
    stopped = true;
    process.off('exit', stop);
    clearTimeout(start);
    for (const timer of timers) clearTimeout(timer);
    oomKills.close();
    // The read blocks a thread; only a write to the eventfd ends it.
    if (isWaiting) writeSync(eventFd, ONE);
    else close();
  };
  // After an unexpected error, Node.js waits for its threads before it exits.
  process.once('exit', stop);
  return { stop };
}

/**
 * Runs that end earlier do without the threads of Node.js, whose start takes a millisecond. Unit:
 * milliseconds.
 */
const WAIT_AFTER_MS = 20;

/** Delays of v1's counter reads after a notification. Unit: milliseconds. */
const RECHECK_AFTER_MS = [0, 2, 10, 50, 250, 1000];

/** The number 1 in eventfd format: 8 bytes in native byte order. */
const ONE = Buffer.from(new BigUint64Array([1n]).buffer);
