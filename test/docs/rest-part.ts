import { live, type Operation, type Parameter } from './live.ts';
import { formOf } from './schemas.ts';
import { cell, prose } from './tables.ts';

const CODE = /^`(\w+)`: /gm;

/** Every route with its parameters, answers and errors, as `/openapi.json` of a node describes it. */
export async function restPart(): Promise<string> {
  const { openApi } = await live();
  const operations = Object.entries(openApi.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      title: `${method.toUpperCase()} ${path}`,
      operation,
    })),
  );
  const common = commonErrors(operations.map(({ operation }) => operation));
  return [
    '## Every route',
    '',
    'Made from `/openapi.json`. `GET` is served as `HEAD`, too.',
    `Every route that asks for a token may refuse with ${common.map(linkTo).join(', ')}; what else it may refuse with stands beside it.`,
    '',
    ...operations.map(({ title, operation }) => sectionOf(title, operation, new Set(common))),
  ].join('\n');
}

function sectionOf(title: string, operation: Operation, common: ReadonlySet<string>): string {
  const { summary, parameters, responses, requestBody } = operation;
  const answers = Object.entries(responses)
    .filter(([status, { description }]) => Number(status) < 400 || !description.startsWith('`'))
    .map(([status, { description, headers }]) => {
      const named = Object.keys(headers ?? {}).map((name) => `\`${name}\``);
      return `${status}: ${prose(description)}${named.length === 0 ? '' : `, with ${named.join(', ')}`}`;
    });
  const refusals = errorsOf(operation).filter((code) => !common.has(code));
  return [
    `### ${title}`,
    '',
    `${prose(summary)}. ${whoMay(operation)}`,
    '',
    ...parameterTable(parameters),
    ...(requestBody === undefined
      ? []
      : [`Takes ${typesOf(requestBody)}: ${prose(requestBody.description)}.`, '']),
    `Answers ${answers.join('; ')}.${refusals.length === 0 ? '' : ` Refuses with ${refusals.map(linkTo).join(', ')}.`}`,
    '',
  ].join('\n');
}

function typesOf({ content }: NonNullable<Operation['requestBody']>): string {
  const types = Object.keys(content).map((type) => `\`${type}\``);
  return [types.slice(0, -1).join(', '), types.at(-1)].join(' or ');
}

function whoMay({ security }: Operation): string {
  if (security.length === 0) return 'Asks for no token.';
  const isOptional = security.some((scheme) => Object.keys(scheme).length === 0);
  return isOptional ? 'Asks for no token, unless `BELFRY_ANONYMOUS` says so.' : 'Asks for a token.';
}

function parameterTable(parameters: readonly Parameter[]): string[] {
  if (parameters.length === 0) return [];
  const rows = parameters.map((parameter) => {
    const { name, required = false, schema, content, description = '' } = parameter;
    const form = formOf(schema ?? content?.['application/json']?.schema);
    const where =
      parameter.in === 'query' ? `\`?${name}=\`` : `${parameter.in === 'path' ? '' : 'header '}\`${name}\``;
    const isNeeded = required && parameter.in === 'query' ? ', required' : '';
    return `| ${where} | ${cell(form + isNeeded)} | ${cell(prose(description))} |`;
  });
  return ['| parameter | form | meaning |', '|---|---|---|', ...rows, ''];
}

const linkTo = (code: string): string => `[\`${code}\`](errors.md#${code})`;

function errorsOf({ responses }: Operation): string[] {
  return Object.values(responses).flatMap(({ description }) =>
    Array.from(description.matchAll(CODE), ([, code = '']) => code),
  );
}

/** The errors that all routes with a token have in common. */
function commonErrors(operations: readonly Operation[]): string[] {
  const asking = operations.filter((operation) => whoMay(operation) === 'Asks for a token.').map(errorsOf);
  const [first = [], ...others] = asking;
  return first.filter((code) => others.every((codes) => codes.includes(code)));
}
