/** What is drawn over the lines of the timeline: limits, events, the peak, the chosen moment. */
import type uPlot from 'uplot';
import { formatBytes } from '../../../format/units.ts';
import type { LimitLine, PageEvent } from '../data/page-model.ts';

/** What to draw. */
export interface Marks {
  limits: readonly LimitLine[];
  events: readonly PageEvent[];
  peak: { bytes: number; elapsedMs: number } | undefined;
  momentMs: number | undefined;
  isDark: boolean;
}

/** More lines would hide the series. */
const MAX_EVENTS = 200;

/** Draws into the canvas of a chart; its units are device pixels. */
export function drawMarks(plot: uPlot, { limits, events, peak, momentMs, isDark }: Marks): void {
  const { ctx, bbox } = plot;
  const scale = uPlotRatio();
  const x = (ms: number) => plot.valToPos(ms / 1000, 'x', true);
  const y = (bytes: number) => plot.valToPos(bytes, 'y', true);
  const [bottom, right] = [bbox.top + bbox.height, bbox.left + bbox.width];
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  ctx.font = `${12 * scale}px sans-serif`;
  ctx.lineWidth = scale;
  ctx.strokeStyle = isDark ? '#8a91a0' : '#7a8290';
  ctx.setLineDash([2 * scale, 3 * scale]);
  for (const { ms } of events.slice(0, MAX_EVENTS)) line(ctx, x(ms), bbox.top, x(ms), bottom);
  const red = isDark ? '#ff8d8d' : '#b02a2a';
  ctx.strokeStyle = red;
  ctx.fillStyle = red;
  ctx.setLineDash([6 * scale, 4 * scale]);
  // At the start, where memory is low: the label of the peak is often at the end.
  ctx.textAlign = 'left';
  let above = 0;
  for (const { label, bytes } of limits) {
    const at = y(bytes);
    if (at < bbox.top) {
      above += 1;
      ctx.fillText(`${cut(label)} is above`, bbox.left + 4 * scale, bbox.top + above * 14 * scale);
      continue;
    }
    line(ctx, bbox.left, at, right, at);
    ctx.fillText(cut(label), bbox.left + 4 * scale, at - 4 * scale);
  }
  if (momentMs !== undefined) {
    ctx.strokeStyle = isDark ? '#e8eaf0' : '#20242c';
    ctx.setLineDash([]);
    line(ctx, x(momentMs), bbox.top, x(momentMs), bottom);
  }
  if (peak !== undefined) {
    ctx.setLineDash([]);
    const [at, top] = [x(peak.elapsedMs), Math.max(bbox.top + 6 * scale, y(peak.bytes))];
    ctx.beginPath();
    ctx.arc(at, top, 4 * scale, 0, 2 * Math.PI);
    ctx.fill();
    const isRight = at > bbox.left + bbox.width * 0.8;
    ctx.textAlign = isRight ? 'right' : 'left';
    ctx.fillText(`peak ${formatBytes(peak.bytes)}`, at + (isRight ? -8 : 8) * scale, top + 4 * scale);
  }
  ctx.restore();
}

function uPlotRatio(): number {
  return window.devicePixelRatio || 1;
}

function cut(label: string): string {
  return label.length <= 60 ? label : `${label.slice(0, 58)}..`;
}

function line(ctx: CanvasRenderingContext2D, fromX: number, fromY: number, toX: number, toY: number): void {
  ctx.beginPath();
  ctx.moveTo(fromX, fromY);
  ctx.lineTo(toX, toY);
  ctx.stroke();
}
