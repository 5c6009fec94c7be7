import { expect, test } from 'vitest';
import { KEY_TABLE } from '#src/view/state/key-table.ts';
import { renderManPage } from '../../build/man-page.ts';

test('the manual page has every current option and key (npx vitest run -u writes it)', async () => {
  await expect(renderManPage()).toMatchFileSnapshot('../../man/cmemstat.1');
});

test('every key of the table is in the manual page', () => {
  const page = renderManPage();
  for (const { text } of KEY_TABLE) expect(page).toContain(text.replaceAll('-', '\\-'));
});
