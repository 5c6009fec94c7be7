import { expect, it } from 'vitest';
import { renderExplanationPage } from '#src/app/explain/explanation-html.ts';
import type { Explanation } from '#src/model/explain/explanation.ts';

const EXPLANATION: Explanation = {
  cgroup: '/app.slice',
  method: 'counters',
  reason: 'BPF is not available',
  before: { stat: {} },
  after: { current: 3 * 1024 ** 2, stat: {} },
  tree: {
    kind: 'cgroup',
    name: 'app.slice',
    bytes: 3 * 1024 ** 2,
    reclaim: 'process',
    children: [
      { kind: 'file', name: 'data', path: '/srv/<data>', bytes: 2 * 1024 ** 2, reclaim: 'reclaimable' },
      { kind: 'process', name: 'server', pid: 7, bytes: 1024 ** 2, reclaim: 'process' },
    ],
  },
  beside: [],
  missing: [{ term: 'sockets', reason: 'no permission', hint: 'run it as root' }],
  advice: [{ kind: 'many-files', bytes: 5, text: 'Many files are read once.' }],
};

it('shows memory by name, what is missing, and the advice', () => {
  const page = renderExplanationPage(EXPLANATION, new Date(0), {
    ...{ script: '', style: '', scriptHash: '', styleHash: '' },
  });
  expect(page).toContain('/srv/&lt;data&gt;');
  expect(page).toContain('2.00 MiB');
  expect(page).toContain('66.7 %');
  expect(page).toContain('sockets is missing: no permission (hint: run it as root)');
  expect(page).toContain('Many files are read once.');
  expect(page).toContain('because BPF is not available');
});
