import { expect, test } from 'vitest';
import { findDelegatingClient, mayDelegate } from '#src/target/delegating-client.ts';

const found = (line: string) => findDelegatingClient(line.split(' '))?.name;

test.each([
  ['docker run -m 60m alpine hog', 'docker'],
  ['/usr/bin/docker --context remote container exec web sh', 'docker'],
  ['docker compose up -d', 'docker'],
  ['docker-compose up', 'docker-compose'],
  ['docker compose -f web.yml --profile test up', 'docker'],
  ['podman --root /tmp/r --storage-driver vfs --tmpdir /tmp/t run alpine hog', 'podman'],
  ['nerdctl --data-root /d compose -f web.yml up', 'nerdctl'],
  ['systemctl -M web start nginx', 'systemctl'],
  ['lxc --project web exec one hog', 'lxc'],
  ['podman run alpine hog', 'podman'],
  ['nerdctl -n k8s.io run alpine', 'nerdctl'],
  ['systemd-run --scope -p MemoryMax=1G hog', 'systemd-run'],
  ['machinectl -M host shell root@ /bin/hog', 'machinectl'],
  ['kubectl --namespace prod exec web -- hog', 'kubectl'],
  ['systemctl restart nginx', 'systemctl'],
  ['/bin/sh /usr/local/bin/docker run alpine', 'docker'],
])('%s starts a program elsewhere', (line, name) => {
  expect(found(line)).toBe(name);
  expect(mayDelegate(name)).toBe(true);
});

test.each([
  'docker ps',
  'docker --context run images',
  'docker inspect run',
  'docker compose -f run ps',
  'podman run --cgroups=disabled alpine hog',
  'podman run --cgroups split alpine hog',
  'kubectl get pods',
  'kubectl -n exec get pods',
  'systemd-run --version',
  'systemctl status nginx',
  'machinectl list',
  'node docker.js run',
  'cat docker run',
  'grep run docker exec',
  'docker',
])('%s does not', (line) => {
  expect(found(line)).toBeUndefined();
});

test('a client has a hint on what to measure instead', () => {
  expect(findDelegatingClient(['systemd-run', 'hog'])?.hint).toBe(
    'measure it where it runs: systemd-run cmemstat -- COMMAND',
  );
  expect(findDelegatingClient(['podman', 'run', 'alpine'])?.hint).toContain('--cgroups=disabled');
});
