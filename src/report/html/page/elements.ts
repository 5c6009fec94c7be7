/** Elements of the page. */

/** The element with this id. */
export function find(id: string): HTMLElement | undefined {
  return document.getElementById(id) ?? undefined;
}

/** A new element with its attributes, and text or elements in it. */
export function create<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string>> = {},
  ...content: readonly (string | Node)[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...content);
  return element;
}

/** A button that calls a function. */
export function button(
  label: string,
  onClick: () => void,
  attributes: Readonly<Record<string, string>> = {},
): HTMLButtonElement {
  const element = create('button', { type: 'button', ...attributes }, label);
  element.addEventListener('click', onClick);
  return element;
}

/** A labelled choice. */
export function choice(
  label: string,
  options: readonly (readonly [value: string, text: string])[],
  onChange: (value: string) => void,
): { element: HTMLLabelElement; select: HTMLSelectElement } {
  const select = create('select', {}, ...options.map(([value, text]) => create('option', { value }, text)));
  select.addEventListener('change', () => onChange(select.value));
  return { element: create('label', {}, `${label} `, select), select };
}

/** Whether the page is dark. */
export const darkScheme = window.matchMedia('(prefers-color-scheme: dark)');
