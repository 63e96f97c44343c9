/** How a delivery becomes an event: by templates such as `github.{{header.x-github-event}}.{{body.repository.full_name}}`. */
import { UsageError } from '../../clients/cli/errors.ts';
import { scalarOf, valueAt } from './body.ts';
import type { Headers } from './checks.ts';
import { Refusal } from './refusal.ts';

/** What templates read. */
export interface Delivered {
  readonly hook: string;
  readonly headers: Headers;
  /** The body as it came, checked to be JSON. */
  readonly body: string;
}

export interface Topic {
  readonly type: string;
  readonly action: string;
  readonly key: string;
}

/** Reads a value as JSON. */
type Read = (delivered: Delivered) => string | undefined;
interface Expression {
  readonly source: string;
  readonly alternatives: readonly Read[];
}

/** `{{a|b|'c'}}`: the first that is there. */
const EXPRESSION = /\{\{([^{}]*)\}\}/;
const PATH = /^(?:header\.[a-z0-9-]+|body(?:\.[^.|{}' ]+)*|hook)$/;
const LITERAL = /^'([^']*)'$/;

/** Signs that separate the parts of a pattern, which would make a type or an action hard to name. */
const SEPARATORS = /[.,*\s]/g;

/** Reads a template with three parts. Dots within braces and after the second dot separate nothing. @throws UsageError */
export function topicOf(template: string): (delivered: Delivered) => Topic {
  const [type, action, ...rest] = template.split(/\.(?![^{}]*\}\})/);
  if (type === undefined || action === undefined || rest.length === 0)
    throw new UsageError(`The topic "${template}" has fewer than three parts. Expected type.action.key.`);
  const [readType, readAction, readKey] = [textOf(type), textOf(action), textOf(rest.join('.'))];
  return (delivered) => ({
    type: readType(delivered).replace(SEPARATORS, '_'),
    action: readAction(delivered).replace(SEPARATORS, '_'),
    key: readKey(delivered),
  });
}

/** What becomes the object of the event: one path, or a path for each of some fields. */
export type ObjectTemplate = string | Readonly<Record<string, string>>;

/** Returns a function that writes the object as JSON. @throws UsageError */
export function objectOf(template: ObjectTemplate): (delivered: Delivered) => string {
  // The body is passed on as it came, with its spaces and every digit.
  if (typeof template === 'string') {
    const expression = expressionOf(template);
    return (delivered) => valueOf(expression, delivered);
  }
  const fields = Object.entries(template).map(([name, path]) => [name, expressionOf(path)] as const);
  return (delivered) =>
    `{${fields.map(([name, path]) => `${JSON.stringify(name)}:${valueOf(path, delivered)}`).join()}}`;
}

function textOf(template: string): (delivered: Delivered) => string {
  const parts = template.split(EXPRESSION).map((part, i) => (i % 2 === 0 ? part : expressionOf(part)));
  if (/[{}]/.test(parts.filter((part) => typeof part === 'string').join('')))
    throw new UsageError(`"${template}" has a brace without its other one. Expected as in {{body.id}}.`);
  return (delivered) => {
    let text = '';
    for (const part of parts) text += typeof part === 'string' ? part : partOf(part, delivered);
    return text;
  };
}

function expressionOf(source: string): Expression {
  return { source, alternatives: source.split('|').map((part) => readerOf(part.trim(), source)) };
}

function readerOf(part: string, source: string): Read {
  const [, literal] = LITERAL.exec(part) ?? [];
  if (literal !== undefined) return () => JSON.stringify(literal);
  if (!PATH.test(part))
    throw new UsageError(
      `"${part}" in "${source}" is nothing that a template can read. Expected hook, header.<name>, body.<path> or 'a text'.`,
    );
  const [root, ...path] = part.split('.');
  if (root === 'hook') return ({ hook }) => JSON.stringify(hook);
  if (root === 'header') return ({ headers }) => textAsJson(headers[path.join('.')]?.[0]);
  return ({ body }) => valueAt(body, path);
}

function textAsJson(text: string | undefined): string | undefined {
  return text === undefined ? undefined : JSON.stringify(text);
}

/** The first of the alternatives that is there, as JSON. @throws Refusal where none is */
function valueOf({ source, alternatives }: Expression, delivered: Delivered): string {
  for (const read of alternatives) {
    const value = read(delivered);
    if (value !== undefined) return value;
  }
  throw missing(source, delivered.hook);
}

/** The first that is a text, a number or a truth value, as a text. @throws Refusal where none is */
function partOf({ source, alternatives }: Expression, delivered: Delivered): string {
  for (const read of alternatives) {
    const text = scalarOf(read(delivered));
    if (text !== undefined) return text;
  }
  throw missing(source, delivered.hook);
}

function missing(source: string, hook: string): Refusal {
  return new Refusal(
    422,
    `The delivery has no ${source.replaceAll('|', ' or ')}, of which the hook ${hook} makes an event.`,
  );
}
