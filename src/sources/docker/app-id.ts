import { UsageError } from '../../clients/cli/errors.ts';

/** What a container is called, and by which labels. */
export interface Named {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Mist calls its containers `app-<id>`. The containers of one service of Docker Compose are one app. */
export const USUAL_APP_IDS: readonly string[] = [
  '{{label:belfry.app}}',
  '{{name:app-}}',
  '{{label:com.docker.compose.project}}-{{label:com.docker.compose.service}}',
  '{{name}}',
];

type Field = (container: Named) => string;

/**
 * Returns a function that finds the id of the app of a container: by the first template of which all fields have a value, or
 * `undefined`, where there is none. `{{name}}` is the name of the container, `{{id}}` the begin of its id, `{{label:<label>}}` the value of a label. With
 * `{{name:<prefix>}}` and `{{label:<label>:<prefix>}}` the value must begin with the prefix, which is left out. @throws UsageError
 */
export function appIds(templates: readonly string[]): (container: Named) => string | undefined {
  const read = templates.map(templateOf);
  return (container) => {
    for (const parts of read) {
      const values = parts.map((part) => (typeof part === 'string' ? part : part(container)));
      const isWhole = values.every((value, i) => typeof parts[i] === 'string' || value !== '');
      if (isWhole) return values.join('');
    }
    return undefined;
  };
}

/** Texts and fields. @throws UsageError */
function templateOf(template: string): readonly (string | Field)[] {
  const parts = template
    .split(/(\{\{[^{}]*\}\})/)
    .filter((part) => part !== '')
    .map((part) =>
      part.startsWith('{{') && part.endsWith('}}') ? fieldOf(part.slice(2, -2).trim(), template) : part,
    );
  if (parts.some((part) => typeof part !== 'string')) return parts;
  throw new UsageError(
    `The template "${template}" has no field. Expected such as {{name}} or {{label:belfry.app}}.`,
  );
}

function fieldOf(text: string, template: string): Field {
  const [what = '', ...more] = text.split(':');
  if (what === 'id' && more.length === 0) return ({ id }) => shortId(id);
  if (what === 'name' && more.length < 2) return ({ name }) => without(more[0] ?? '', name);
  const [label = '', prefix = ''] = more;
  if (what === 'label' && label !== '' && more.length < 3)
    return ({ labels }) => without(prefix, labels[label] ?? '');
  throw new UsageError(
    `The template "${template}" has the unknown field {{${text}}}. Expected {{name}}, {{name:<prefix>}}, {{id}}, {{label:<label>}} or {{label:<label>:<prefix>}}.`,
  );
}

function without(prefix: string, value: string): string {
  return value.startsWith(prefix) ? value.slice(prefix.length) : '';
}

/** As the command of Docker shows it. */
export function shortId(id: string): string {
  return id.slice(0, 12);
}
