import { describe, expect, it } from 'vitest';
import {
  readOwnEnvironment,
  restoreNodeVariables,
  TargetEnvironment,
  targetEnvironment,
} from '#src/target/environment.ts';

const OURS = ['PATH=/bin', 'HOME=/root', 'USER=root', 'LOGNAME=root', 'SHELL=/bin/bash'];
const ADA = { uid: 1000, gid: 1000, groups: [], name: 'ada', home: '/home/ada', shell: '/bin/zsh' };
const ODD = [
  'cluster.name=x',
  'FOO-BAR=',
  'BASH_FUNC_f%%=() { :; }',
  'no equals',
  '=nameless',
  'A=caf\xe9',
  'A=2',
];

describe('targetEnvironment', () => {
  it('keeps every string and its order', () => {
    expect(targetEnvironment([...ODD, ...OURS], [], undefined).entries).toEqual([...ODD, ...OURS]);
  });

  it('has the variables that another user expects', () => {
    expect(targetEnvironment(OURS, [], ADA).entries).toEqual([
      'PATH=/bin',
      'HOME=/home/ada',
      'USER=ada',
      'LOGNAME=ada',
      'SHELL=/bin/zsh',
    ]);
  });

  it('has no name of a user for a uid without one, not that of root', () => {
    const user = { uid: 4000, gid: 4000, groups: [], home: '/', shell: '/bin/sh' };
    expect(targetEnvironment(OURS, [], user).entries).toEqual(['PATH=/bin', 'HOME=/', 'SHELL=/bin/sh']);
    expect(targetEnvironment(OURS, [['USER', 'ci']], user).get('USER')).toBe('ci');
  });

  it('gives --env precedence, and the last --env over earlier ones', () => {
    const added = [
      ['HOME', '/tmp'],
      ['A', '1'],
      ['A', '2'],
      ['EMPTY', ''],
      ['WORD', 'é'],
    ] as const;
    const env = targetEnvironment(OURS, added, ADA);
    expect(env.entries.slice(5)).toEqual(['A=2', 'EMPTY=', 'WORD=\xc3\xa9']);
    expect(env.get('HOME')).toBe('/tmp');
    expect(env.get('USER')).toBe('ada');
    expect(env.get('NONE')).toBeUndefined();
  });

  it('does not change ours', () => {
    targetEnvironment(OURS, [['PATH', '/x']], ADA);
    expect(OURS).toContain('PATH=/bin');
  });
});

describe('TargetEnvironment', () => {
  it('reads and sets the first of two variables of one name, like the C library', () => {
    const env = new TargetEnvironment(ODD);
    expect(env.get('A')).toBe('caf\xe9');
    env.set('A', '3');
    expect(env.entries.slice(-2)).toEqual(['A=3', 'A=2']);
  });

  it('can be converted to text with any names', () => {
    const record = new TargetEnvironment(['__proto__=5', 'constructor=6']).toRecord();
    expect(Object.entries(record)).toEqual([
      ['__proto__', '5'],
      ['constructor', '6'],
    ]);
  });

  it('can be converted to text', () => {
    expect(new TargetEnvironment(ODD).toRecord()).toEqual({
      'cluster.name': 'x',
      'FOO-BAR': '',
      'BASH_FUNC_f%%': '() { :; }',
      A: 'caf\ufffd',
    });
  });
});

describe('readOwnEnvironment', () => {
  it('is the one that this process was started with, despite later changes', () => {
    process.env.CMEMSTAT_TEST_ADDED = '1';
    try {
      const entries = readOwnEnvironment();
      expect(entries.length).toBeGreaterThan(0);
      expect(entries.filter((entry) => entry.startsWith('CMEMSTAT_TEST_ADDED'))).toEqual([]);
    } finally {
      delete process.env.CMEMSTAT_TEST_ADDED;
    }
  });
});

describe('restoreNodeVariables', () => {
  it('puts the values back where the variables are', () => {
    const moved = ['A=1', 'NODE_OPTIONS=', 'B=2', 'NODE_CHANNEL_FD=', 'CMEMSTAT_NODE=3 --x  "y\\'];
    expect(restoreNodeVariables(moved)).toEqual([
      'A=1',
      'NODE_OPTIONS=--x  "y\\',
      'B=2',
      'NODE_CHANNEL_FD=3',
    ]);
  });

  it('distinguishes variables that are empty from those that are not set', () => {
    expect(restoreNodeVariables(['CMEMSTAT_NODE= ', 'NODE_CHANNEL_FD=', 'NODE_OPTIONS='])).toEqual([]);
    expect(restoreNodeVariables(['NODE_OPTIONS=', 'CMEMSTAT_NODE= ', 'NODE_CHANNEL_FD='])).toEqual([
      'NODE_OPTIONS=',
    ]);
  });

  it('changes nothing if Node.js was started directly', () => {
    for (const entries of [['A=1', 'NODE_OPTIONS=--x'], ['CMEMSTAT_NODE=mine', 'A=1'], []]) {
      expect(restoreNodeVariables(entries)).toEqual(entries);
    }
  });
});
