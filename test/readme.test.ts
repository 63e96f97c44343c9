import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { describeConfig, loadConfig } from '../src/config/config.ts';
import { CLOSE } from '../src/model/close.ts';
import { ERRORS } from '../src/model/errors.ts';

const README = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

describe('the README', () => {
  it.each(Object.entries(ERRORS))(
    'explains the error %s where its `see` points',
    (code, { status, title }) => {
      expect(README).toContain(`| <a id="${code}"></a>\`${code}\` | ${status} | ${title} |`);
    },
  );

  it.each(describeConfig(loadConfig({})).filter(({ source }) => source !== 'made'))(
    'lists the setting $name with its default',
    ({ name, value, description }) => {
      expect(README).toContain(`| \`${name}\` | ${value && `\`${value}\``} | ${description} |`);
    },
  );

  it.each(Object.values(CLOSE))('lists the close code $code', ({ code }) => {
    expect(README).toMatch(new RegExp(`^\\| ${code} \\|`, 'm'));
  });
});
