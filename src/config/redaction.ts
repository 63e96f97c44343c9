import { record, rows, text } from './forms.ts';
import { fold, isPath, Mode, parseField, type NameMeaning } from '../model/redact-names.ts';
import { Pattern } from '../model/pattern.ts';
import { Redaction } from '../model/redaction.ts';
import { DEFAULT_REDACTION, type RedactionRule } from '../model/redaction-rules.ts';

/** One rule of BELFRY_REDACTION. */
export const redactionRule = record({
  fields: rows(
    text().refine((field) => parseField(field) !== undefined, {
      error: 'is not a field. Expected a name, or a path that begins with object., original. or metadata.',
    }),
  ).min(1, { error: 'is empty. Expected at least one name or path' }),
  events: text()
    .refine(isPattern, { error: 'is not a pattern. Expected type.action.key, each part * or a comma list' })
    .exactOptional(),
  except: rows(text()).exactOptional(),
});

interface Settings {
  readonly redaction: readonly RedactionRule[];
  readonly redactionDefaults: 'on' | 'off';
}

export function redactionOf({ redaction, redactionDefaults }: Settings): Redaction {
  return new Redaction(redactionDefaults === 'on' ? [...DEFAULT_REDACTION, ...redaction] : redaction);
}

/** Finds exceptions without effect: one rule lets some roles see a field that another rule masks for everybody. */
export function* idleExceptions(settings: Settings): Iterable<string> {
  const unconditional = redactionOf(settings).unconditional.filter(({ events }) => events === undefined);
  for (const [index, { fields, except = [] }] of settings.redaction.entries()) {
    for (const field of except.length === 0 ? [] : fields) {
      const name = lastName(field);
      if (!unconditional.some(({ names }) => isMasked(names.meaningOf(name)))) continue;
      yield (
        `BELFRY_REDACTION.${index}.except comes too late for "${field}", which another rule masks for everybody. ` +
        'Expected no other rule for that name, or BELFRY_REDACTION_DEFAULTS=off with rules for all that is secret.'
      );
    }
  }
}

function isMasked({ mode, mayBeDirectory }: NameMeaning): boolean {
  return mode !== Mode.None || mayBeDirectory;
}

function lastName(field: string): string {
  const parsed = parseField(field);
  return fold((parsed !== undefined && isPath(parsed) ? field.split('.').at(-1) : field) ?? '');
}

function isPattern(given: string): boolean {
  try {
    return Pattern.parse(given).size > 0;
  } catch {
    return false;
  }
}
