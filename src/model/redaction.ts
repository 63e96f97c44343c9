import { HUB_TYPE, type NewEvent } from './event.ts';
import { readJson, type JsonText } from './json.ts';
import { isPath, FieldNames, parseField, REDACTED, type Fields, type Glob } from './redact-names.ts';
import { EventRedactor } from './redact-event.ts';
import { Pattern } from './pattern.ts';
import { ADMIN } from './principal.ts';
import type { RedactionRule } from './redaction-rules.ts';
import { bound } from './bound.ts';

/** What is masked for the same people in the same events. */
export interface Layer {
  /** `undefined` is every event. */
  readonly events: Pattern | undefined;
  readonly except: ReadonlySet<string>;
  readonly fields: Fields;
  readonly names: FieldNames;
}

/** Layers, of which those mask an event together that concern it. */
class Layers {
  readonly #layers: readonly Layer[];
  readonly #redactors = new Map<string, EventRedactor>();

  constructor(layers: readonly Layer[]) {
    this.#layers = layers;
  }

  get length(): number {
    return this.#layers.length;
  }

  mask<Event extends NewEvent>(event: Event): Event {
    if (this.#layers.length === 0) return event;
    return this.#of(({ events }) => events === undefined || events.matches(event)).apply(event);
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

  /** The same object for the same layers, as long as those that were needed are few. */
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

/** With many rules for events of their own there could be far more. */
const MAX_MASKINGS = bound(
  'redactors for events of their own that a node keeps',
  1_000,
  'entries',
  'all are forgotten, and made again',
);

/** How those see events who hold roles that come to the same. */
export class View {
  /** Equal texts see the same. */
  readonly text: string;
  readonly #layers: Layers;

  constructor(text: string, layers: readonly Layer[]) {
    this.text = text;
    this.#layers = new Layers(layers);
  }

  /** Hides nothing of any event. */
  get isWhole(): boolean {
    return this.#layers.length === 0;
  }

  /** The event itself when the view hides nothing of it. What the hub says to a client is the client's own. */
  mask<Event extends NewEvent>(event: Event): Event {
    return event.type === HUB_TYPE ? event : this.#layers.mask(event);
  }

  /** {@link Redaction.maskText}, for those who see events like this. */
  maskText(text: string): string {
    return this.#layers.maskText(text);
  }
}

/** Sees all that is kept. */
const WHOLE = new View('', []);

/**
 * What nobody may see is masked before an event enters the log. What some may see is kept, and masked for everybody
 * else as the event goes out.
 */
export class Redaction {
  static readonly none = new Redaction([]);

  /** What nobody may see. */
  readonly unconditional: readonly Layer[];
  readonly #unconditional: Layers;
  readonly #excepted: readonly Layer[];
  readonly #views = new Map<string, View>();

  /** @throws ProtocolError `pattern_invalid`. A field that is neither name nor path is passed over. */
  constructor(rules: readonly RedactionRule[]) {
    const layers = layersOf(rules);
    this.unconditional = layers.filter(({ except }) => except.size === 0);
    this.#unconditional = new Layers(this.unconditional);
    this.#excepted = layers.filter(({ except }) => except.size > 0);
  }

  /** The event without what nobody may see; the event itself when it holds nothing of that. */
  mask<Event extends NewEvent>(event: Event): Event {
    return this.#unconditional.mask(event);
  }

  /**
   * The text of what may be no event, without what nobody may see. Since nobody knows of which type it is, every rule
   * holds. What is not JSON stays as it is; JSON that no event may be made of is masked as a whole.
   */
  maskText(text: string): string {
    return this.#unconditional.maskText(text);
  }

  /** The same object for roles that come to the same, so that work can be shared by it. */
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

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Rules for the same events and roles are one layer, so that names are looked up once for all of them. */
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
