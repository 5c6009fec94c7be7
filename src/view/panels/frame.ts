/** The complete screen: header, panels, overlays, and the line of keys. */

import { formatTick } from '../chart/axis.ts';
import { contentOf } from '../state/content.ts';
import { type Layout, layOut, type Region } from '../state/layout.ts';
import {
  type Dialog,
  type ExplainDialog,
  isPage,
  PANELS,
  type Page,
  type PanelId,
  type View,
} from '../state/view.ts';
import { fitLine, fitText, overlay, widthOfLine } from '../text/cells.ts';
import type { Line, Role, Size, Span } from '../text/line.ts';
import { endOfText, shownText } from '../text/shown-text.ts';
import { breakdownHeight, renderBreakdown } from './breakdown-panel.ts';
import { renderDialog } from './dialogs.ts';
import { renderExplainPage } from './explain-page.ts';
import { renderHeader } from './header.ts';
import { helpLines } from './help.ts';
import { mapLines } from './map-detail.ts';
import { renderMaps } from './maps-panel.ts';
import { renderOutput } from './output-panel.ts';
import { fillUp, lastScroll, renderScrolled, renderWrapped } from './pieces.ts';
import { renderPressure } from './pressure-panel.ts';
import { processLines } from './process-detail.ts';
import { renderProcesses } from './processes-panel.ts';
import { renderStatusLine } from './status-line.ts';
import { endLines, renderEnd } from './summary-panel.ts';
import { renderTimeline } from './timeline-panel.ts';

/** A drawn screen, with the panel positions for the mouse. */
export interface Frame {
  lines: Line[];
  regions: readonly Region[];
  /** Maximum scroll position of an overlaid page; 0 without one. */
  pageEnd: number;
}

const RENDER: Readonly<Record<PanelId, (view: View, size: Size) => Line[]>> = {
  breakdown: renderBreakdown,
  timeline: renderTimeline,
  maps: renderMaps,
  processes: renderProcesses,
  pressure: renderPressure,
  output: renderOutput,
};

/** The panel names in title lines. */
const TITLES: Readonly<Record<PanelId, string>> = {
  breakdown: 'Breakdown',
  timeline: 'Timeline',
  maps: 'BPF maps',
  processes: 'Processes',
  pressure: 'Pressure and events',
  output: 'Output',
};

/** Draws the screen: exactly `size.height` lines of `size.width` columns. */
export function renderFrame(view: View, size: Size): Frame {
  const layout = layOut(size, contentOf(view, breakdownHeight(view, size.width)), endRows(view, size));
  if (layout.kind === 'status-line')
    return { lines: renderSmall(view, size), regions: [], pageEnd: pageEnd(view, size) };
  const lines: Line[] = [
    ...renderHeader(view, { width: size.width, height: layout.headerHeight }),
    ...(layout.endHeight > 0 ? renderEnd(view, { width: size.width, height: layout.endHeight }) : []),
    ...renderBody(view, size, layout),
    renderFooter(view, size.width),
  ];
  return {
    lines: withDialog(view, size, layout, lines),
    regions: layout.regions,
    pageEnd: pageEnd(view, pageSize(size, layout)),
  };
}

/** The area of a page: between the header and the keys, without its title line. */
function pageSize(size: Size, { headerHeight, footerTop }: Layout & { kind: 'panels' }): Size {
  return { width: size.width, height: footerTop - headerHeight - 1 };
}

function pageEnd(view: View, { width, height }: Size): number {
  const { dialog } = view.ui;
  return isPage(dialog) ? lastScroll(pageLines(view, dialog, width).length, height) : 0;
}

/** All lines of a page. */
function pageLines(view: View, page: Page, width: number): Line[] {
  switch (page.kind) {
    case 'help':
      return helpLines(view, width);
    case 'map':
      return mapLines(view, page.id, width);
    case 'process':
      return processLines(view, page.id, width);
  }
}

/** The visible part of a page at its scroll position. */
export function renderPage(view: View, page: Page, size: Size): Line[] {
  return renderScrolled(pageLines(view, page, size.width), page.scroll, size, view.unicode);
}

/** Whether a dialog takes the place of the panels. */
function isWhole(dialog: Dialog | undefined): dialog is Page | ExplainDialog {
  return dialog?.kind === 'explain' || isPage(dialog);
}

function renderWhole(view: View, dialog: Page | ExplainDialog, size: Size): Line[] {
  return dialog.kind === 'explain' ? renderExplainPage(view, dialog, size) : renderPage(view, dialog, size);
}

/** Number of lines for the end of the run: as many as needed, but at most three on low screens. */
function endRows(view: View, size: Size): number {
  const { replay, state } = view.status;
  if (replay !== undefined && state !== 'at-end') return 0;
  return Math.min(size.height < 30 ? 3 : 5, endLines(view, size.width).length);
}

function renderSmall(view: View, size: Size): Line[] {
  const { dialog, message } = view.ui;
  if (isWhole(dialog)) return renderWhole(view, dialog, size);
  const messageLines = message === undefined ? [] : renderMessage(message, view.unicode, size.width);
  const lines = fillUp([renderStatusLine(view, size.width), ...messageLines], size);
  if (size.height === 1 && messageLines[0] !== undefined) return [messageLines[0]];
  const box = renderDialog(view, size);
  return box === undefined ? lines : centred(lines, box.lines, size);
}

/** Messages, over as many lines as needed. */
function renderMessage(message: string, unicode: boolean, width: number): Line[] {
  return renderWrapped({ text: ' ' }, { text: shownText(message, unicode), style: 'warning' }, width);
}

function renderBody(view: View, size: Size, layout: Layout & { kind: 'panels' }): Line[] {
  const lines: Line[] = [];
  const { regions } = layout;
  const rendered = regions.map((region) => renderRegion(view, region));
  for (const [index, region] of regions.entries()) {
    if (region.left > 0) continue;
    const right = regions[index + 1];
    const own = rendered[index] ?? [];
    const beside = right !== undefined && right.left > 0 ? rendered[index + 1] : undefined;
    for (let row = 0; row < region.height; row += 1) {
      const line = own[row] ?? [];
      lines.push(beside === undefined ? line : [...line, divider(view.unicode, row), ...(beside[row] ?? [])]);
    }
  }
  return lines.map((line) => fitLine(line, size.width));
}

function divider(unicode: boolean, row: number): Span {
  return { text: unicode ? (row === 0 ? '┬' : '│') : row === 0 ? '+' : '|', style: 'border' };
}

function renderRegion(view: View, { panel, width, height }: Region): Line[] {
  return [panelTitle(view, panel, width), ...RENDER[panel](view, { width, height: height - 1 })];
}

function panelTitle(view: View, panel: PanelId, width: number): Line {
  const name = `${PANELS.indexOf(panel) + 1} ${TITLES[panel]}${panel === 'timeline' ? spanOfTime(view) : ''}`;
  return titleLine(name, view.ui.focus === panel, view.unicode, width);
}

function titleLine(name: string, isFocused: boolean, unicode: boolean, width: number): Line {
  const rule = unicode ? (isFocused ? '━' : '─') : isFocused ? '=' : '-';
  const style: Role = isFocused ? 'focused-border' : 'border';
  return fitLine(
    [
      { text: rule, style },
      { text: isFocused ? `[${name}]` : ` ${name} `, style: isFocused ? 'focused-title' : 'title' },
      { text: rule.repeat(Math.max(0, width)), style },
    ],
    width,
  );
}

/** The time window selected with `t`; in a shorter run the axis alone would not show it. */
function spanOfTime({ ui: { windowMs } }: View): string {
  return windowMs === undefined ? '' : `, last ${formatTick(windowMs)}`;
}

/** Keys for the footer, most important first. */
const LIVE_KEYS = [
  ['?', 'help'],
  ['q', 'quit'],
  ['Tab', 'panel'],
  ['z', 'zoom'],
  ['s', 'sort'],
  ['/', 'filter'],
  ['e', 'explain'],
  ['p', 'pause'],
  ['t', 'window'],
  ['u', 'units'],
  ['r', 'relative'],
  ['w', 'snapshot'],
  ['k', 'signal'],
  ['+-', 'interval'],
] as const;

const REPLAY_KEYS = [
  ['?', 'help'],
  ['q', 'quit'],
  ['Space', 'play'],
  ['< >', 'speed'],
  ['←→', 'step'],
  ['[ ]', '10 s'],
  ['g', 'go to'],
  ['P', 'peak'],
  ['n N', 'event'],
  ['e', 'explain'],
  ['Tab', 'panel'],
  ['z', 'zoom'],
  ['t', 'window'],
] as const;

const EXPLAIN_KEYS = [
  ['Esc', 'close'],
  ['↑↓', 'move'],
  ['Enter', 'open, close'],
  ['→', 'into'],
  ['←', 'up'],
] as const;

const READ_KEYS = [['e', 'read again']] as const;

function keysFor({
  ui: { dialog },
  status: { replay, state },
}: View): readonly (readonly [string, string])[] {
  if (dialog?.kind !== 'explain') return replay === undefined ? LIVE_KEYS : REPLAY_KEYS;
  return replay === undefined && state !== 'ended' ? [...EXPLAIN_KEYS, ...READ_KEYS] : EXPLAIN_KEYS;
}

const ASCII_KEYS: Readonly<Record<string, string>> = {
  '←→': ', .',
  '↑↓': 'Up Down',
  '→': 'Right',
  '←': 'Left',
};

function renderFooter(view: View, width: number): Line {
  const { message, dialog } = view.ui;
  if (message !== undefined)
    return [{ text: fitText(` ${shownText(message, view.unicode)}`, width, view.unicode), style: 'warning' }];
  if (dialog?.kind === 'filter') {
    const label = ` filter ${dialog.list}: `;
    const typed = endOfText(shownText(dialog.text, view.unicode), width - label.length - 1);
    return fitLine([{ text: label, style: 'strong' }, { text: `${typed}_` }], width, 'plain');
  }
  const spans: Span[] = [];
  if (view.ui.paused) spans.push({ text: ' PAUSED ', style: 'selected' });
  for (const [key, word] of keysFor(view)) {
    const shown = view.unicode ? key : (ASCII_KEYS[key] ?? key);
    const next: Span[] = [
      { text: ` ${shown}`, style: 'key' },
      { text: ` ${word} `, style: 'dim' },
    ];
    if (widthOfLine([...spans, ...next]) > width) break;
    spans.push(...next);
  }
  return fitLine(spans, width);
}

function withDialog(view: View, size: Size, layout: Layout & { kind: 'panels' }, lines: Line[]): Line[] {
  const { dialog } = view.ui;
  if (dialog === undefined || dialog.kind === 'filter') return lines;
  if (!isWhole(dialog)) {
    const box = renderDialog(view, size);
    return box === undefined ? lines : centred(lines, box.lines, size);
  }
  const top = layout.headerHeight;
  const inner = pageSize(size, layout);
  const heading = titleLine(titleOf(dialog), true, view.unicode, size.width);
  const page = renderWhole(view, dialog, inner);
  return [...lines.slice(0, top), heading, ...page, ...lines.slice(layout.footerTop)];
}

function titleOf(dialog: Page | ExplainDialog): string {
  switch (dialog.kind) {
    case 'help':
      return 'Help';
    case 'explain':
      return 'Memory by name';
    case 'map':
      return `BPF map ${dialog.id}`;
    case 'process':
      return `Process ${dialog.id}`;
  }
}

function centred(lines: readonly Line[], box: readonly Line[], size: Size): Line[] {
  const width = Math.max(0, ...box.map((line) => widthOfLine(line)));
  const left = Math.max(0, Math.floor((size.width - width) / 2));
  const top = Math.max(0, Math.floor((size.height - box.length) / 2));
  return lines.map((line, row) => {
    const patch = box[row - top];
    return patch === undefined ? line : fitLine(overlay(line, left, patch, width), size.width);
  });
}
