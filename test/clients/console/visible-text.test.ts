import { expect, it } from 'vitest';
import { visibleText } from '../../../src/clients/console/src/ui/visible-text.ts';

it.each([
  ['<b>bold</b>', '<b>bold</b>'],
  ['\u001b[31mred\n', '\\u001b[31mred\\u000a'],
  ['a\u202egpj.exe', 'a\\u202egpj.exe'],
  ['\u2066x\u200b\ufeff\u009b', '\\u2066x\\u200b\\ufeff\\u009b'],
  ['grün 👩‍🚀 日本', 'grün 👩‍🚀 日本'],
])('%j is shown as %s', (text, shown) => {
  expect(visibleText(text)).toBe(shown);
});

it('a text that is too long is cut, and says so', () => {
  expect(visibleText('abcdef', 3)).toBe('abc…');
});
