import { expect, it } from 'vitest';
import { partsOfFragment } from '../../../src/clients/console/src/shell/fragment.ts';

it.each([
  ['', '/', ''],
  ['#', '/', ''],
  ['#/live', '/live', ''],
  ['#live', '/live', ''],
  ['#/why?event=1-0&connection=a%3Fb', '/why', 'event=1-0&connection=a%3Fb'],
  ['#/live?q=what?', '/live', 'q=what?'],
])('the fragment "%s" has the path "%s" and the query "%s"', (fragment, path, query) => {
  expect(partsOfFragment(fragment)).toEqual({ path, query });
});
