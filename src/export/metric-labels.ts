/** Labels as text, the same in OpenMetrics and in Prometheus' format. */
import { safeText } from '../format/safe-text.ts';
import type { Labels } from './metric-names.ts';

/** Labels without braces, escaped; text from outside has been made harmless. */
export function formatLabels(labels: Labels): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escapeLabel(value)}"`)
    .join(',');
}

function escapeLabel(text: string): string {
  return safeText(text).replaceAll(/[\\"]/g, (character) => `\\${character}`);
}
