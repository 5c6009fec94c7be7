/** The script of a page: reads its data and replaces the static charts by ones that react. */
import { decodeModel, type EncodedModel } from '../data/encode-model.ts';
import type { PageModel } from '../data/page-model.ts';
import { CompositionView } from './composition-view.ts';
import { RefreshView } from './refresh-view.ts';
import { TimelineView } from './timeline-view.ts';

async function readModel(page: Document): Promise<PageModel> {
  const text = page.getElementById('model')?.textContent ?? '';
  const bytes = Uint8Array.from(atob(text), (unit) => unit.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return decodeModel((await new Response(stream).json()) as EncodedModel);
}

async function start(): Promise<void> {
  const model = await readModel(document);
  const isLive = document.documentElement.dataset.refresh !== undefined;
  let composition = CompositionView.mount(model, isLive);
  let timeline = TimelineView.mount(model, (run, ms) => composition?.choose(run, ms));
  const connect = () => composition?.onMoment((ms) => timeline?.mark(ms));
  connect();
  RefreshView.mount(async (next) => {
    const changed = await readModel(next);
    timeline =
      timeline?.update(changed) ?? TimelineView.mount(changed, (run, ms) => composition?.choose(run, ms));
    composition = composition?.update(changed) ?? CompositionView.mount(changed, isLive);
    connect();
  });
  document.documentElement.classList.add('active');
}

start().catch((error: unknown) => {
  // The static page says the same: it stays.
  document.documentElement.classList.remove('active');
  document.documentElement.dataset.error = String(error);
});
