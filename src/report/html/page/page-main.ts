/** The script of a page: reads its data and replaces the static charts by ones that react. */
import { decodeModel, type EncodedModel } from '../data/encode-model.ts';
import type { PageModel } from '../data/page-model.ts';
import { CompositionView } from './composition-view.ts';
import { find } from './elements.ts';
import { TimelineView } from './timeline-view.ts';

async function readModel(): Promise<PageModel> {
  const bytes = Uint8Array.from(atob(find('model')?.textContent ?? ''), (unit) => unit.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return decodeModel((await new Response(stream).json()) as EncodedModel);
}

async function start(): Promise<void> {
  const model = await readModel();
  const composition = CompositionView.mount(model);
  const timeline = TimelineView.mount(model, (run, ms) => composition?.show(run, ms));
  composition?.onMoment((ms) => timeline?.mark(ms));
  document.documentElement.classList.add('active');
}

start().catch((error: unknown) => {
  // The static page says the same: it stays.
  document.documentElement.classList.remove('active');
  document.documentElement.dataset.error = String(error);
});
