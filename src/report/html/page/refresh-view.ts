/** Requests the page from the server again, and replaces what has changed. */
import { button, create, find } from './elements.ts';

/** Charts that the script draws: they are updated, not replaced. */
const VIEWS = ['timeline-view', 'composition-view'];
/** After a failure, the time between two attempts grows up to this. Unit: milliseconds. */
const MAX_PAUSE_MS = 30_000;

/** Receives the new page, before it replaces anything. */
type OnPage = (next: Document) => Promise<void>;

/** A line with the time of the last answer, and a button that pauses. */
export class RefreshView {
  readonly #everyMs: number;
  readonly #onPage: OnPage;
  readonly #status = create('output', { 'aria-live': 'off' });
  readonly #pause: HTMLButtonElement;
  #isPaused = false;
  #tag: string | undefined;
  #failures = 0;

  private constructor(host: HTMLElement, everyMs: number, onPage: OnPage) {
    this.#everyMs = everyMs;
    this.#onPage = onPage;
    this.#pause = button('Pause', () => this.#toggle(), { 'aria-pressed': 'false' });
    host.append(create('p', { class: 'tools' }, this.#pause, this.#status));
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) void this.#update();
    });
    this.#schedule();
  }

  /** Starts to request it, if the page is served. */
  static mount(onPage: OnPage): void {
    const host = find('live-view');
    const everyMs = Number(document.documentElement.dataset.refresh);
    if (host !== undefined && everyMs > 0) new RefreshView(host, everyMs, onPage);
  }

  #schedule(): void {
    const pause = Math.min(MAX_PAUSE_MS, this.#everyMs * 2 ** Math.min(10, this.#failures));
    setTimeout(
      async () => {
        if (!document.hidden) await this.#update();
        this.#schedule();
      },
      Math.max(this.#everyMs, pause),
    );
  }

  #toggle(): void {
    this.#isPaused = !this.#isPaused;
    this.#pause.setAttribute('aria-pressed', String(this.#isPaused));
    if (!this.#isPaused) void this.#update();
  }

  async #update(): Promise<void> {
    if (this.#isPaused) return;
    const time = new Date().toLocaleTimeString();
    try {
      const headers: HeadersInit = this.#tag === undefined ? {} : { 'If-None-Match': this.#tag };
      const response = await fetch(location.pathname, { headers, cache: 'no-store' });
      this.#failures = 0;
      if (response.status === 304) this.#status.textContent = `as of ${time}, unchanged`;
      else if (response.ok) {
        const next = new DOMParser().parseFromString(await response.text(), 'text/html');
        if (this.#isPaused) return;
        this.#tag = response.headers.get('ETag') ?? undefined;
        replaceSections(next);
        await this.#onPage(next);
        this.#status.textContent = `as of ${time}`;
      } else this.#status.textContent = `at ${time}: ${(await response.text()).slice(0, 300)}`;
    } catch {
      this.#failures += 1;
      this.#status.textContent = `no answer at ${time}: the server may have ended`;
    }
  }
}

/** Puts the sections of another page in the place of those of this one. */
function replaceSections(next: Document): void {
  const main = document.querySelector('main');
  const open = openDetails();
  const focused = keyOf(document.activeElement?.closest('details'));
  const isSummary = document.activeElement?.tagName === 'SUMMARY';
  replaceContent(document.querySelector('header h1'), next.querySelector('header h1'));
  replaceContent(document.querySelector('header nav'), next.querySelector('header nav'));
  const wanted = [...next.querySelectorAll('main > section')];
  for (const old of document.querySelectorAll('main > section')) {
    if (!wanted.some(({ id }) => id === old.id)) old.remove();
  }
  let before: Element | undefined;
  for (const section of wanted) {
    const known = find(section.id);
    if (known === undefined) {
      const added = document.importNode(section, true);
      if (before === undefined) main?.prepend(added);
      else before.after(added);
      before = added;
    } else {
      replaceParts(known, section);
      before = known;
    }
  }
  for (const details of document.querySelectorAll('details')) {
    const key = keyOf(details);
    if (open.has(key)) details.open = true;
    if (isSummary && key === focused) details.querySelector('summary')?.focus();
  }
}

/** All but the charts of the script. */
function replaceParts(known: Element, section: Element): void {
  const view = [...known.children].find(({ id }) => VIEWS.includes(id));
  if (view === undefined) {
    replaceContent(known, section);
    return;
  }
  const parts = [...section.childNodes].map((node) =>
    node instanceof Element && node.id === view.id ? view : document.importNode(node, true),
  );
  const [at, own] = [parts.indexOf(view), [...known.childNodes].indexOf(view)];
  // The view stays where it is: moving it would take the focus from it.
  for (const [index, node] of [...known.childNodes].entries()) if (index !== own) node.remove();
  view.before(...parts.slice(0, at));
  view.after(...parts.slice(at + 1));
}

function replaceContent(known: Element | null, next: Element | null): void {
  if (known === null || next === null || known.innerHTML === next.innerHTML) return;
  known.replaceChildren(...[...next.childNodes].map((node) => document.importNode(node, true)));
}

function openDetails(): Set<string> {
  return new Set([...document.querySelectorAll('details[open]')].map(keyOf));
}

/** The same part of two pages; its numbers may differ. */
function keyOf(details: Element | null | undefined): string {
  const text = details?.querySelector('summary')?.textContent ?? '';
  return `${details?.closest('section')?.id} ${text.replaceAll(/\d[\d.]*(?: ?[a-zA-Z]+)?/g, '#')}`;
}
