/** The composition at any moment: treemap, pie and table, which descend into parts. */
import { formatBytes, formatDuration } from '../../../format/units.ts';
import { composeAt, labelOf, shownParts, viewsOf } from '../data/composition.ts';
import type { NamedTree, PageModel, Part, RunModel } from '../data/page-model.ts';
import { compositionMarkup } from '../draw/composition-markup.ts';
import { button, choice, create, find } from './elements.ts';

/** Something that can be shown: a view of a run, or a tree. */
interface Source {
  label: string;
  note?: string;
  compose(ms: number): Part | undefined;
  /** Whether it changes with the moment. */
  isMoving: boolean;
}

/** Controls and charts. */
export class CompositionView {
  #model: PageModel;
  /** Shows the end of a run in progress, until a moment is chosen. */
  #follows: boolean;
  readonly #moment: HTMLElement;
  readonly #content = create('div');
  readonly #path = create('nav', { 'aria-label': 'Path of the composition', class: 'path' });
  readonly #status = create('output', { class: 'moment' });
  readonly #slider = create('input', {
    type: 'range',
    min: '0',
    max: '1000',
    step: '1',
    'aria-label': 'Moment of the composition',
  });
  readonly #source: ReturnType<typeof choice>;
  #sources: Source[] = [];
  #run: RunModel | undefined;
  #ms = 0;
  #threshold: number;
  /** Names of the parts descended into. */
  #names: string[] = [];
  #onMoment: (ms: number) => void = () => {};

  private constructor(model: PageModel, host: HTMLElement, isLive: boolean) {
    this.#model = model;
    this.#follows = isLive;
    this.#threshold = model.threshold;
    this.#source = choice('Show', [], () => this.#select());
    const threshold = create('input', {
      type: 'number',
      min: '0',
      max: '50',
      step: '0.5',
      value: String(Math.round(model.threshold * 1000) / 10),
    });
    threshold.addEventListener('input', () => {
      const percent = Number(threshold.value);
      if (Number.isFinite(percent) && percent >= 0) this.#threshold = Math.min(1, percent / 100);
      this.#draw();
    });
    this.#slider.addEventListener('input', () => {
      this.#follows = false;
      this.#ms = (Number(this.#slider.value) / 1000) * (this.#run?.durationMs ?? 0);
      this.#draw();
      this.#onMoment(this.#ms);
    });
    const peak = button('Peak', () => this.#toPeak());
    const latest = isLive ? [button('Latest', () => this.#toLatest())] : [];
    this.#moment = create('div', { class: 'slider' }, this.#slider, peak, ...latest, this.#status);
    host.append(
      create(
        'div',
        { class: 'tools' },
        this.#source.element,
        create('label', {}, 'Combine below ', threshold, ' %'),
      ),
      this.#moment,
      this.#path,
      this.#content,
    );
    this.#content.addEventListener('click', (event) => this.#descend(event));
  }

  /** Replaces the static charts; undefined if the page has none. */
  static mount(model: PageModel, isLive: boolean): CompositionView | undefined {
    const host = find('composition-view');
    if (host === undefined || (model.runs.length === 0 && model.trees.length === 0)) return undefined;
    const view = new CompositionView(model, host, isLive);
    view.#showFirst(model.runs[0]);
    return view;
  }

  /** Shows new data in the same way; undefined if there are none, or if the place for it was removed. */
  update(model: PageModel): CompositionView | undefined {
    const host = find('composition-view');
    if (host === undefined || !host.contains(this.#content)) return undefined;
    const label = this.#sources[this.#source.select.selectedIndex]?.label;
    const names = this.#names;
    const run = model.runs.find((each) => each.label === this.#run?.label) ?? model.runs[0];
    this.#model = model;
    this.#fill(run);
    const same = this.#sources.findIndex((each) => each.label === label);
    if (same >= 0) {
      this.#source.select.selectedIndex = same;
      this.#names = names;
    }
    if (this.#follows) this.#ms = run?.durationMs ?? 0;
    this.#draw();
    return this;
  }

  #showFirst(run: RunModel | undefined): void {
    this.show(run, this.#follows ? (run?.durationMs ?? 0) : (run?.peak?.elapsedMs ?? run?.durationMs ?? 0));
  }

  /** Receives the moment when it is changed here. */
  onMoment(receive: (ms: number) => void): void {
    this.#onMoment = receive;
    this.#onMoment(this.#ms);
  }

  /** Shows a moment of a run that was chosen. */
  choose(run: RunModel, ms: number): void {
    this.#follows = false;
    this.show(run, ms);
  }

  /** Shows a moment of a run. */
  show(run: RunModel | undefined, ms: number): void {
    if (run !== this.#run || this.#sources.length === 0) this.#fill(run);
    this.#ms = ms;
    this.#draw();
  }

  #fill(run: RunModel | undefined): void {
    this.#run = run;
    this.#moment.hidden = this.#model.runs.every(({ samples }) => samples === 0);
    const before = this.#source.select.selectedIndex;
    const trees = (list: readonly NamedTree[]): Source[] =>
      list.map(({ label, note, root }) => ({ label, note, compose: () => root, isMoving: false }));
    this.#sources = [
      ...trees(this.#model.trees),
      ...(run === undefined
        ? []
        : viewsOf(run).map((view) => ({
            label: labelOf(view),
            compose: (ms: number) => composeAt(run, view, ms),
            isMoving: run.samples > 0,
          }))),
      ...trees(run?.trees ?? []),
    ];
    this.#source.select.replaceChildren(
      ...this.#sources.map(({ label }, index) => create('option', { value: String(index) }, label)),
    );
    this.#source.select.selectedIndex = Math.max(0, Math.min(before, this.#sources.length - 1));
    this.#names = [];
  }

  #select(): void {
    this.#names = [];
    this.#draw();
  }

  #toLatest(): void {
    this.#follows = true;
    this.#ms = this.#run?.durationMs ?? 0;
    this.#draw();
    this.#onMoment(this.#ms);
  }

  #toPeak(): void {
    this.#follows = false;
    this.#ms = this.#run?.peak?.elapsedMs ?? 0;
    this.#draw();
    this.#onMoment(this.#ms);
  }

  #descend(event: Event): void {
    const target = event.target instanceof Element ? event.target.closest('[data-part]') : null;
    const whole = this.#shown().at(-1);
    if (target === null || whole === undefined) return;
    const part = shownParts(whole, this.#threshold)[Number(target.getAttribute('data-part'))];
    if (part?.parts === undefined || part.parts.length === 0) return;
    this.#names.push(part.name);
    this.#draw();
    this.#path.querySelector<HTMLElement>('[aria-current]')?.focus();
  }

  /** The parts on the path, the whole first. */
  #shown(): Part[] {
    const whole = this.#sources[this.#source.select.selectedIndex]?.compose(this.#ms);
    if (whole === undefined) return [];
    const path = [whole];
    for (const name of this.#names) {
      const next: Part | undefined = shownParts(path.at(-1) as Part, this.#threshold).find(
        (part) => part.name === name,
      );
      if (next?.parts === undefined) break;
      path.push(next);
    }
    return path;
  }

  #draw(): void {
    const source = this.#sources[this.#source.select.selectedIndex];
    const path = this.#shown();
    this.#names.length = Math.max(0, path.length - 1);
    this.#drawMoment(source);
    this.#path.replaceChildren(
      ...path.flatMap((part, index) => {
        const isLast = index === path.length - 1;
        const up = button(`${part.name} (${formatBytes(part.bytes)})`, () => {
          this.#names.length = index;
          this.#draw();
        });
        if (isLast) up.setAttribute('aria-current', 'true');
        return index === 0 ? [up] : [create('span', { 'aria-hidden': 'true' }, ' / '), up];
      }),
    );
    const shown = path.at(-1);
    const note = source?.note === undefined ? [] : [create('p', {}, source.note)];
    if (shown === undefined)
      this.#content.replaceChildren(create('p', {}, 'Nothing was measured at this moment.'));
    else {
      // All text in it is escaped.
      this.#content.innerHTML = compositionMarkup(shown, this.#threshold, true);
      this.#content.prepend(...note);
    }
  }

  #drawMoment(source: Source | undefined): void {
    const { durationMs = 0, peak } = this.#run ?? {};
    const isMoving = source?.isMoving === true;
    this.#slider.disabled = !isMoving;
    this.#slider.value = String(Math.round((this.#ms / Math.max(1, durationMs)) * 1000));
    const at = `${formatDuration(this.#ms)}${this.#ms === peak?.elapsedMs ? ' (the peak)' : ''}`;
    this.#slider.setAttribute('aria-valuetext', at);
    this.#status.textContent = isMoving ? `at ${at}` : 'does not change with the moment';
  }
}
