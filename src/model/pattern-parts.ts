/** How a pattern is read and compared. Clients read patterns as the hub does, so this file runs in a browser as well. */

/** One part of a pattern: any value, or exactly these values. */
export type PatternPart = '*' | readonly string[];
export type PatternParts = readonly [type: PatternPart, action: PatternPart, key: PatternPart];

/** What a pattern is compared with. */
export interface Topic {
  readonly type: string;
  readonly action: string;
  readonly key: string;
}

/** The parts of a pattern, or the reason why it has none. */
export function partsOf(text: string): PatternParts | string {
  const [type = '', action = '', ...key] = text.split('.');
  if (key.length === 0) return 'it has fewer than three parts';
  if (type.trim() === '' || action.trim() === '') return 'its type or action is empty';
  return [parsePart(type), parsePart(action), parsePart(key.join('.'))];
}

export function partsMatch([type, action, key]: PatternParts, topic: Topic): boolean {
  return holds(type, topic.type) && holds(action, topic.action) && holds(key, topic.key);
}

/** Whether any event could match both. */
export function partsOverlap(a: PatternParts, b: PatternParts): boolean {
  return a.every((values, index) => intersect(values, b[index] ?? []));
}

function parsePart(text: string): PatternPart {
  if (text === '*') return '*';
  return [...new Set(text.split(',').map((item) => unescapeValue(item).trim()))];
}

function unescapeValue(text: string): string {
  return text.replaceAll('\\1', '.').replaceAll('\\2', ',').replaceAll('\\3', '*');
}

/** Whether a value is one of a part. */
export function holds(part: PatternPart, value: string): boolean {
  return part === '*' || part.includes(value);
}

function intersect(a: PatternPart, b: PatternPart): boolean {
  return a === '*' || b === '*' || a.some((value) => b.includes(value));
}
