/** The state of the run or the replay, for the header and the status line. */
import { formatDuration } from '../../format/units.ts';
import type { View, ViewData } from '../state/view.ts';
import type { Field } from '../text/fields.ts';
import type { Role } from '../text/line.ts';
import { shownText } from '../text/shown-text.ts';

/** The state and the displayed time. */
export function stateFields(view: View): Field[] {
  const { status, data } = view;
  const { text, mark, ascii, role } = stateOf(view);
  const end = status.replay === undefined ? '' : ` of ${formatDuration(status.replay.endMs)}`;
  const ms = status.state === 'ended' ? (data.summary?.durationMs ?? status.elapsedMs) : status.elapsedMs;
  const time = `${status.state === 'ended' ? 'after ' : ''}${formatDuration(ms)}${end}`;
  return [
    { rank: 0, spans: [{ text: `${view.unicode ? mark : ascii} ${text}`, style: role }] },
    { rank: 1.5, spans: [{ text: time, style: 'strong' }] },
  ];
}

interface State {
  text: string;
  /** The symbol before the text; `ascii` is its ASCII form. */
  mark: string;
  ascii: string;
  role: Role;
}

function stateOf({ status, data, unicode }: View): State {
  switch (status.state) {
    case 'running':
      if (awaitsCgroup(data))
        return { text: 'cgroup gone, waiting for the next', mark: '■', ascii: '#', role: 'warning' };
      return { text: 'running', mark: '●', ascii: '*', role: 'good' };
    case 'stopped':
      return { text: 'stopped', mark: '■', ascii: '#', role: 'warning' };
    case 'waiting':
      return { text: waitingText(data), mark: '■', ascii: '#', role: 'warning' };
    case 'ended':
      return ending(data, unicode);
    case 'playing':
      return { text: `playing ${status.replay?.speed ?? 1}x`, mark: '▶', ascii: '>', role: 'good' };
    case 'halted':
      return { text: `paused ${status.replay?.speed ?? 1}x`, mark: '‖', ascii: '|', role: 'warning' };
    case 'at-end':
      return status.replay?.following === true
        ? { text: 'following', mark: '●', ascii: '*', role: 'good' }
        : { text: 'at the end', mark: '■', ascii: '#', role: 'dim' };
  }
}

/** Whether the cgroup of an attachment is gone, and none has its name yet. */
function awaitsCgroup({ eventCounts }: ViewData): boolean {
  const waiting = eventCounts.get('waiting');
  return waiting !== undefined && waiting.lastMs > (eventCounts.get('followed')?.lastMs ?? -1);
}

/** The target has exited; the number of remaining processes as of the last sample. */
function waitingText({ latest }: ViewData): string {
  const left = latest?.processes ?? 0;
  return left === 0 ? 'target ended' : `target ended, ${left} ${left === 1 ? 'process' : 'processes'} left`;
}

function ending({ summary, eventCounts }: ViewData, unicode: boolean): State {
  const exit = summary?.exit;
  const marks = { mark: '■', ascii: '#' };
  if (exit === undefined) return { ...marks, text: 'ended', role: 'warning' };
  const isExceeded = eventCounts.has('budget_exceeded');
  if (summary?.attached !== undefined) {
    const how = exit.endedBy === 'removed' ? 'cgroup removed' : 'measured';
    return {
      ...marks,
      text: isExceeded ? `${how}, budget exceeded` : how,
      role: isExceeded ? 'bad' : 'good',
    };
  }
  if (exit.oomKilled === true) return { ...marks, text: 'killed: out of memory', role: 'bad' };
  if (exit.signal !== undefined)
    return { ...marks, text: `ended by ${shownText(exit.signal, unicode)}`, role: 'bad' };
  const text = `exit status ${exit.code ?? exit.status}`;
  if (isExceeded) return { ...marks, text: `${text}, budget exceeded`, role: 'bad' };
  return {
    ...marks,
    text,
    role: exit.status === 0 ? 'good' : 'bad',
  };
}
