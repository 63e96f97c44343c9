import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { hookOf, readHooks } from '../../../src/sources/webhook/hooks-config.ts';
import { objectOf, topicOf } from '../../../src/sources/webhook/mapping.ts';
import { thrownBy } from '../../support/thrown.ts';

const TEXT =
  '{"id":12345678901234567890,"zero":0,"no":false,"nil":null,"empty":"","list":[{"name":"a"}],"repo":{"full_name":"octo/he.llo,*"}}';
const DELIVERED = {
  hook: 'ci',
  headers: { 'x-github-event': ['pull_request'] },
  body: TEXT,
};

describe('a template of a topic', () => {
  it.each([
    ['github.{{header.x-github-event}}.{{body.repo.full_name}}', ['github', 'pull_request', 'octo/he.llo,*']],
    ['{{body.repo.full_name}}.x.y', ['octo/he_llo__', 'x', 'y']],
    ["{{hook}}.{{body.none|body.nil|body.empty|'sent'}}.{{body.id}}", ['ci', 'sent', '12345678901234567890']],
    ['a.b.c.{{body.zero}}.{{body.no}}', ['a', 'b', 'c.0.false']],
    ['a.b.{{body.list.0.name}}', ['a', 'b', 'a']],
  ])('%s makes an event', (template, [type, action, key]) => {
    expect(topicOf(template)(DELIVERED)).toEqual({ type, action, key });
  });

  it.each([
    ['a.b.{{body.none}}', 'has no body.none'],
    ['a.b.{{body.repo}}', 'has no body.repo'],
    ['a.b.{{body.toString}}', 'has no body.toString'],
    ['a.b.{{header.x-none|body.nil}}', 'has no header.x-none or body.nil'],
  ])('%s refuses a delivery without it, with 422', (template, says) => {
    expect(thrownBy(() => topicOf(template)(DELIVERED))).toMatchObject({
      status: 422,
      message: expect.stringContaining(says) as string,
    });
  });

  it.each([
    ['a.b', 'fewer than three parts'],
    ['a.b.{{object.id}}', 'nothing that a template can read'],
    ['a.b.{{body.id', 'a brace without its other one'],
    ['a.b.{{}}', 'nothing that a template can read'],
  ])('%s is refused at the start', (template, says) => {
    expect(() => topicOf(template)).toThrow(says);
  });
});

describe('a template of an object', () => {
  it.each([
    ['body', TEXT],
    ['body.id', '12345678901234567890'],
    ['body.list.0', '{"name":"a"}'],
  ])('%s keeps what was posted', (template, object) => {
    expect(objectOf(template)(DELIVERED)).toBe(object);
  });

  it('with names makes an object of them', () => {
    const object = objectOf({ id: 'body.id', event: 'header.x-github-event' })(DELIVERED);
    expect(object).toBe('{"id":12345678901234567890,"event":"pull_request"}');
  });
});

describe('a file of hooks', () => {
  const SECRET = 'a secret that is long';

  function fileOf(text: string): string {
    const folder = mkdtempSync(join(tmpdir(), 'belfry-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    writeFileSync(join(folder, 'secret'), `${SECRET}\n\nanother one that is long\n`);
    writeFileSync(join(folder, 'hooks.yaml'), text.replaceAll('FOLDER', folder));
    return join(folder, 'hooks.yaml');
  }

  it('holds hooks, whose secrets come from files and variables, one a line', () => {
    vi.stubEnv('TEST_HOOK_SECRET', SECRET);
    onTestFinished(() => void vi.unstubAllEnvs());
    const hooks = readHooks(
      fileOf(
        'hooks:\n  a: {check: github, secretFile: FOLDER/secret}\n  b: {check: token, header: X-Key, secretEnv: TEST_HOOK_SECRET, topic: "b.{{body.x}}.y", toleranceS: 60}\n',
      ),
    );
    expect([...hooks.values()].map(({ name, options }) => [name, options])).toEqual([
      ['a', { secrets: [SECRET, 'another one that is long'], toleranceMs: 300_000, header: '' }],
      ['b', { secrets: [SECRET], toleranceMs: 60_000, header: 'x-key' }],
    ]);
  });

  it.each([
    ['hooks: {}', 'has no hooks'],
    ['hook: {}', 'expected record, received undefined'],
    ['hooks: {a: {check: git, secretEnv: X}}', 'hooks.a.check'],
    ['hooks: {a: {check: token, secretEnv: X}}', 'Expected a header with the check token'],
    ['hooks: {a: {chek: github, secretEnv: X}}', 'Unrecognized key: "chek"'],
    ['', 'is not usable. Invalid input'],
    ['hooks: {a: {check: github}}', 'The hook a has no secret, or two places'],
    ['hooks: {a: {check: github, secretEnv: TEST_NOTHING}}', 'the variable TEST_NOTHING is empty'],
    [
      'hooks: {a: {check: github, secretFile: /nowhere/secret}}',
      'cannot be read from the file /nowhere/secret',
    ],
    ['hooks: {a/b: {check: github, secretFile: FOLDER/secret}}', '"a/b" is no name of a hook'],
    ['hooks: {a: {check: standard, secretFile: FOLDER/secret}}', 'no secret of Standard Webhooks'],
    ['hooks: [', 'cannot be read'],
  ])('with %s is refused, and no secret is shown', (text, says) => {
    const { message } = thrownBy(() => readHooks(fileOf(text))) as Error;
    expect(message).toContain(says);
    expect(message).not.toContain(SECRET);
  });

  it('refuses a secret that can be guessed', () => {
    vi.stubEnv('TEST_HOOK_SECRET', 'short');
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(() => hookOf('a', { check: 'github', secretEnv: 'TEST_HOOK_SECRET' })).toThrow(
      'Expected 16 characters at least',
    );
  });
});
