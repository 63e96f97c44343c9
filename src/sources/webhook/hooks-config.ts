import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';
import { bound } from '../../model/bound.ts';
import { UsageError } from '../../clients/cli/errors.ts';
import { CHECKS, type Check, type CheckName, type CheckOptions } from './checks.ts';
import { objectOf, topicOf, type Delivered, type ObjectTemplate, type Topic } from './mapping.ts';

/** A hook: who may post to it, and what becomes of what is posted. */
export interface Hook {
  readonly name: string;
  readonly check: Check;
  readonly options: CheckOptions;
  readonly topic: (delivered: Delivered) => Topic;
  readonly object: (delivered: Delivered) => string;
}

/** A hook as it is written down. */
export interface WrittenHook {
  readonly check: CheckName;
  readonly secretEnv?: string | undefined;
  readonly secretFile?: string | undefined;
  readonly topic?: string | undefined;
  readonly object?: ObjectTemplate | undefined;
  readonly toleranceS?: number | undefined;
  readonly header?: string | undefined;
}

export type Hooks = ReadonlyMap<string, Hook>;

const MIN_SECRET = bound(
  'secret of a hook, at least',
  16,
  'characters',
  'a shorter one is refused, since it can be guessed',
);
const NAME = /^[A-Za-z0-9_-]{1,64}$/;
export const CHECK_NAMES = Object.keys(CHECKS) as [CheckName, ...CheckName[]];

const hook = z
  .strictObject({
    check: z.enum(CHECK_NAMES),
    secretEnv: z.string().min(1).optional(),
    secretFile: z.string().min(1).optional(),
    topic: z.string().optional(),
    object: z.union([z.string(), z.record(z.string(), z.string())]).optional(),
    toleranceS: z.int().min(1).max(86_400).optional(),
    header: z
      .string()
      .regex(/^[A-Za-z0-9-]+$/)
      .optional(),
  })
  .refine(({ check, header }) => (check === 'token') === (header !== undefined), {
    error: 'Expected a header with the check token, and with no other.',
  });
const file = z.strictObject({ hooks: z.record(z.string(), hook) });

/** Reads the hooks of a YAML file. @throws UsageError */
export function readHooks(path: string): Hooks {
  let written: unknown;
  try {
    written = parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    throw new UsageError(`${path} cannot be read: ${(cause as Error).message}.`, { cause });
  }
  const { data, error } = file.safeParse(written);
  if (data === undefined) {
    const faults = error.issues.map(({ path: at, message }) =>
      at.length === 0 ? message : `${at.join('.')}: ${message}`,
    );
    throw new UsageError(`${path} is not usable. ${faults.join('; ')}. Expected hooks by their names.`);
  }
  const hooks = Object.entries(data.hooks).map(([name, each]) => hookOf(name, each));
  if (hooks.length === 0) throw new UsageError(`${path} has no hooks. Expected one at least.`);
  return new Map(hooks.map((each) => [each.name, each]));
}

/** @throws UsageError */
export function hookOf(name: string, written: WrittenHook): Hook {
  const { check, topic, object = 'body', toleranceS = 300, header = '' } = written;
  if (!NAME.test(name))
    throw new UsageError(`"${name}" is no name of a hook. Expected 1 to 64 letters, digits, _ or -.`);
  const { [check]: found } = CHECKS;
  const options = {
    secrets: secretsOf(name, written),
    toleranceMs: toleranceS * 1_000,
    header: header.toLowerCase(),
  };
  return { name, check: found, options, topic: topicOf(topic ?? found.topic), object: objectOf(object) };
}

/** The secrets of a hook, one a line. What is said of them never shows them. @throws UsageError */
function secretsOf(name: string, { secretEnv, secretFile, check }: WrittenHook): string[] {
  if ((secretEnv === undefined) === (secretFile === undefined))
    throw new UsageError(
      `The hook ${name} has no secret, or two places for one. Expected secretEnv or secretFile.`,
    );
  const from = secretEnv === undefined ? `the file ${secretFile}` : `the variable ${secretEnv}`;
  let text: string;
  try {
    text = secretEnv === undefined ? readFileSync(secretFile ?? '', 'utf8') : (process.env[secretEnv] ?? '');
  } catch (cause) {
    throw new UsageError(
      `The secret of the hook ${name} cannot be read from ${from}: ${(cause as Error).message}.`,
      {
        cause,
      },
    );
  }
  const secrets = text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
  if (secrets.length === 0)
    throw new UsageError(`The hook ${name} has no secret: ${from} is empty. Expected a secret on each line.`);
  if (secrets.some((secret) => secret.length < MIN_SECRET))
    throw new UsageError(
      `A secret of the hook ${name}, in ${from}, is too short. Expected ${MIN_SECRET} characters at least, so that nobody guesses it.`,
    );
  if (check === 'standard' && !secrets.every(isKey))
    throw new UsageError(
      `A secret of the hook ${name}, in ${from}, is no secret of Standard Webhooks. Expected whsec_ and base64.`,
    );
  return secrets;
}

function isKey(secret: string): boolean {
  return Buffer.from(secret.replace(/^whsec_/, ''), 'base64').length >= MIN_SECRET;
}
