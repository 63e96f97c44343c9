/** A text that YAML reads as the same text without quotes. */
const PLAIN = /^[A-Za-z_/][\w ./+@-]*(?<! )$/;
/** A text that some YAML reads as something else. */
const WORDS = /^(?:y|n|yes|no|on|off|true|false|null)$/i;

/**
 * A value that was read from JSON, as YAML. Numbers keep every digit: a value that `JSON.rawJSON` made is written as it is.
 * `indent` stands before each line but the first.
 */
export function toYaml(value: unknown, indent = ''): string {
  if (Array.isArray(value) && value.length > 0)
    return value.map((each) => `- ${toYaml(each, `${indent}  `)}`).join(`\n${indent}`);
  if (isObject(value) && Object.keys(value).length > 0)
    return Object.entries(value)
      .filter(([, inner]) => inner !== undefined)
      .map(([name, inner]) => `${textOf(name)}:${below(inner, indent)}`)
      .join(`\n${indent}`);
  return typeof value === 'string' ? textOf(value) : JSON.stringify(value);
}

/** What stands behind the colon of a field. */
function below(value: unknown, indent: string): string {
  const isNested = (Array.isArray(value) || isObject(value)) && Object.keys(value).length > 0;
  const deeper = `${indent}  `;
  return isNested ? `\n${deeper}${toYaml(value, deeper)}` : ` ${toYaml(value, deeper)}`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !JSON.isRawJSON(value);
}

function textOf(text: string): string {
  return PLAIN.test(text) && !WORDS.test(text) ? text : JSON.stringify(text);
}
