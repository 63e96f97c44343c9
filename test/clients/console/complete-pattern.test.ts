import { expect, it } from 'vitest';
import { completePattern, wholePattern } from '../../../src/clients/console/src/live/complete-pattern.ts';

const TOPICS = [
  { type: 'deploy', action: 'begin', events: 5, perSecond: 0 },
  { type: 'deploy', action: 'done', events: 9, perSecond: 2 },
  { type: 'jobs', action: 'run', events: 90, perSecond: 0.1 },
  { type: 'my.type', action: 'go', events: 1, perSecond: 0 },
];
const texts = (text: string, keys: string[] = []): string[] =>
  completePattern(text, TOPICS, () => keys).map((each) => each.text);

it('an empty text is completed by any type and by those that the hub has heard, those with most events first', () => {
  expect(texts('')).toEqual(['*.', 'jobs.', 'deploy.', 'my\\1type.']);
});

it('a type is completed by what begins with the text, and then by what has it somewhere', () => {
  expect(texts('d')).toEqual(['deploy.']);
  expect(texts('o')).toEqual(['jobs.', 'deploy.']);
});

it('an action is completed by those of the type', () => {
  expect(texts('deploy.')).toEqual(['deploy.*.', 'deploy.done.', 'deploy.begin.']);
  expect(texts('deploy,jobs.r')).toEqual(['deploy,jobs.run.']);
  expect(texts('*.g')).toEqual(['*.go.', '*.begin.']);
});

it('a key is completed by those that were seen, with its dots and commas escaped', () => {
  expect(texts('deploy.done.', ['b', 'a.b,c'])).toEqual([
    'deploy.done.*',
    'deploy.done.a\\1b\\2c',
    'deploy.done.b',
  ]);
});

it('the last value of a comma list is completed', () => {
  expect(texts('deploy.begin,d')).toEqual(['deploy.begin,done.']);
});

it.each([
  ['deploy', 'deploy.*.*'],
  ['deploy.', 'deploy.*.*'],
  ['deploy.done', 'deploy.done.*'],
  [' deploy.done.a.b ', 'deploy.done.a.b'],
  ['', '*.*.*'],
])('"%s" becomes the pattern %s', (text, pattern) => {
  expect(wholePattern(text)).toBe(pattern);
});
