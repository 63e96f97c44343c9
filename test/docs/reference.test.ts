import { describe, expect, it } from 'vitest';
import { describeConfig, loadConfig } from '../../src/config/config.ts';
import { CLOSE } from '../../src/model/close.ts';
import { ERRORS } from '../../src/model/errors.ts';
import { page } from './pages.ts';

const textOf = (name: string): string => page(`src/docs/reference/${name}.md`).text;

describe('the reference', () => {
  it.each(Object.entries(ERRORS))(
    'explains the error %s where its `see` points',
    (code, { status, title }) => {
      expect(textOf('errors')).toContain(`| <a id="${code}"></a>\`${code}\` | ${status} | ${title} |`);
    },
  );

  it.each(describeConfig(loadConfig({})).filter(({ source }) => source !== 'made'))(
    'lists the setting $name with its default',
    ({ name, value, description }) => {
      expect(textOf('settings')).toContain(`| \`${name}\` | ${value && `\`${value}\``} | ${description} |`);
    },
  );

  it.each(Object.values(CLOSE))('lists the close code $code', ({ code }) => {
    expect(textOf('close-codes')).toMatch(new RegExp(`^\\| ${code} \\|`, 'm'));
  });
});
