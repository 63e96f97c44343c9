import { createHash } from 'node:crypto';
import { HUB_TYPE, type NewEvent } from './event.ts';
import { readJson, type JsonText } from './json.ts';
import { isPath, FieldNames, parseField, REDACTED, type Fields, type Glob } from './redact-names.ts';
import { EventRedactor } from './redact-event.ts';
import { Pattern } from './pattern.ts';
import { ADMIN } from './principal.ts';
import type { RedactionRule } from './redaction-rules.ts';
import { bound } from './bound.ts';

/** Rules that mask fields of the same events for the same roles. */
export interface Layer {
  /** `undefined` means every event. */
  readonly events: Pattern | undefined;
  readonly except: ReadonlySet<string>;
  readonly fields: Fields;
  readonly names: FieldNames;
}

/** A set of layers. Those that apply to an event mask it together. */
class Layers {
  readonly #layers: readonly Layer[];
  readonly #redactors = new Map<string, EventRedactor>();
  /** Present where the same layers apply to every event. */
  readonly #only: EventRedactor | undefined;

  constructor(layers: readonly Layer[]) {
    this.#layers = layers;
    const areForAll = layers.every(({ events }) => events === undefined);
    this.#only = areForAll ? new EventRedactor(layers) : undefined;
  }

  get length(): number {
    return this.#layers.length;
  }

  mask<Event extends NewEvent>(event: Event): Event {
    if (this.#layers.length === 0) return event;
    const redactor = this.#only ?? this.#of(({ events }) => events === undefined || events.matches(event));
    return redactor.apply(event);
  }

  /** {@link Redaction.maskText} */
  maskText(text: string): string {
    if (this.#layers.length === 0) return text;
    let json: JsonText;
    try {
      json = readJson(text);
    } catch {
      return isJson(text) ? JSON.stringify(REDACTED) : text;
    }
    const seen = this.#of(() => true).anywhere(json.text);
    return seen === json.text ? text : seen;
  }

  /** The redactor of the layers that apply. It is cached for each combination of layers. */
  #of(isConcerned: (layer: Layer) => boolean): EventRedactor {
    const concerned = this.#layers.map(isConcerned);
    const key = concerned.join();
    let redactor = this.#redactors.get(key);
    if (redactor !== undefined) return redactor;
    redactor = new EventRedactor(this.#layers.filter((_, index) => concerned[index]));
    if (this.#redactors.size >= MAX_MASKINGS) this.#redactors.clear();
    this.#redactors.set(key, redactor);
    return redactor;
  }
}

/** Many rules for different events could make far more combinations. */
const MAX_MASKINGS = bound(
  'combinations of redaction rules that a node caches',
  1_000,
  'entries',
  'all are forgotten, and made again',
);

/** How events look to the holders of some roles. Roles for which the same is masked share one view. */
export class View {
  /** Equal texts mean equal views. */
  readonly text: string;
  readonly #layers: Layers;

  constructor(text: string, layers: readonly Layer[]) {
    this.text = text;
    this.#layers = new Layers(layers);
  }

  /** Whether this view masks nothing in any event. */
  get isWhole(): boolean {
    return this.#layers.length === 0;
  }

  /**
   * Masks an event; answers the event itself when there is nothing to mask. Replies of the hub to a client are never
   * masked.
   */
  mask<Event extends NewEvent>(event: Event): Event {
    return event.type === HUB_TYPE ? event : this.#layers.mask(event);
  }

  /** As {@link Redaction.maskText}, for this view. */
  maskText(text: string): string {
    return this.#layers.maskText(text);
  }
}

/** The view that masks nothing beyond what was masked before the log. */
const WHOLE = new View('', []);

/**
 * The rules for masking. What nobody may see is masked before an event enters the log (`unconditional`). What some
 * roles may see stays in the log, and is masked for everybody else when the event is delivered.
 */
export class Redaction {
  static readonly none = new Redaction([]);

  /** The layers that hold for everybody, without exceptions. */
  readonly unconditional: readonly Layer[];
  /** Equal digests mean that the same is masked for everybody; empty where nothing is. */
  readonly digest: string;
  readonly #unconditional: Layers;
  readonly #excepted: readonly Layer[];
  readonly #views = new Map<string, View>();

  /** @throws ProtocolError `pattern_invalid`. A field that is neither name nor path is ignored. */
  constructor(rules: readonly RedactionRule[]) {
    const layers = layersOf(rules);
    this.unconditional = layers.filter(({ except }) => except.size === 0);
    this.digest = digestOf(this.unconditional);
    this.#unconditional = new Layers(this.unconditional);
    this.#excepted = layers.filter(({ except }) => except.size > 0);
  }

  /** Masks what nobody may see in an event; answers the event itself when there is nothing to mask. */
  mask<Event extends NewEvent>(event: Event): Event {
    return this.#unconditional.mask(event);
  }

  /**
   * Masks what nobody may see in a text that may not be an event. Since its type is unknown, every rule applies. A
   * text that is not JSON stays as it is; JSON that the hub refuses is masked as a whole.
   */
  maskText(text: string): string {
    return this.#unconditional.maskText(text);
  }

  /** The view for some roles. Roles for which the same is masked get the same object, so that work can be shared. */
  viewOf(roles: readonly string[]): View {
    if (this.#excepted.length === 0 || roles.includes(ADMIN)) return WHOLE;
    const hidden = this.#excepted.filter(({ except }) => !roles.some((role) => except.has(role)));
    if (hidden.length === 0) return WHOLE;
    const text = hidden.map((layer) => this.#excepted.indexOf(layer)).join();
    let view = this.#views.get(text);
    if (view === undefined) this.#views.set(text, (view = new View(text, hidden)));
    return view;
  }
}

/** The version of what the rules mean. It must rise when a version of the hub masks more by the same rules. */
const MASKING = 1;

function digestOf(layers: readonly Layer[]): string {
  if (layers.length === 0) return '';
  const rules = layers.map(({ events, fields }) => [events?.text, fields]);
  return createHash('sha1')
    .update(JSON.stringify([MASKING, rules]))
    .digest('hex')
    .slice(0, 16);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Groups rules for the same events and roles into one layer, so that a name is looked up once for all of them. */
function layersOf(rules: readonly RedactionRule[]): Layer[] {
  const groups = Map.groupBy(rules, ({ events, except = [] }) =>
    JSON.stringify([events, [...new Set(except)].toSorted()]),
  );
  return [...groups.values()].map((group) => {
    const [{ events, except = [] }] = group as [RedactionRule, ...RedactionRule[]];
    const fields = fieldsOf(group);
    return {
      events: events === undefined ? undefined : Pattern.parse(events),
      except: new Set(except),
      fields,
      names: new FieldNames(fields),
    };
  });
}

function fieldsOf(rules: readonly RedactionRule[]): Fields {
  const usual = rules.filter((rule) => rule.usual !== undefined);
  const stated = rules
    .filter((rule) => rule.usual === undefined)
    .flatMap((rule) => rule.fields.map(parseField));
  return {
    names: stated.filter((field): field is Glob => field !== undefined && !isPath(field)),
    paths: stated.filter((field) => field !== undefined && isPath(field)),
    ...(usual.length > 0 && {
      usual: {
        names: globsOf(usual.flatMap(({ fields }) => fields)),
        noSecrets: globsOf(usual.flatMap((rule) => rule.usual?.noSecrets ?? [])),
        directories: globsOf(usual.flatMap((rule) => rule.usual?.directories ?? [])),
      },
    }),
  };
}

function globsOf(names: readonly string[]): Glob[] {
  return names.map(parseField).filter((field): field is Glob => field !== undefined && !isPath(field));
}
