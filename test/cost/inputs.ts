/**
 * Pieces that are expensive for readers of lists, paths, escapes, numbers and headers when they are repeated many
 * times.
 */
const PIECES = [
  'a',
  ',',
  '*,',
  '.',
  '*.',
  '\\1',
  '\\\\',
  '"',
  '[',
  '{"a":',
  '9',
  '1e9,',
  '-',
  '%41',
  '=',
  '(',
  '(a|a)*',
  'a{1,1000}',
  '\\pL{1,1000}',
  ' ',
  ';',
  ';q=0.1,',
  'é',
  '😀',
  '\u0000',
  ':',
  '/',
  'for="[::1]:80",',
  '\t',
  '$',
] as const;

/** Texts of about this many bytes, one for each piece. */
export function hostileTexts(bytes: number): string[] {
  return PIECES.map((piece) => piece.repeat(Math.ceil(bytes / Buffer.byteLength(piece))));
}

/**
 * JSON texts of about this many bytes: expensive strings, long lists of each small value, wide objects, deep objects
 * and products of lists.
 */
export function hostileJson(bytes: number): string[] {
  const small = [
    '1',
    '""',
    '"a.b.c"',
    'null',
    '{}',
    '[]',
    '1e400',
    '18446744073709551615',
    '"*.*.*"',
    '{"a":"b"}',
  ];
  const lists = small.map((value) => `[${list(value, bytes)}]`);
  const wide = `{${fill(bytes, (i) => `"k${i}":${i}`)}}`;
  const deep = `${'['.repeat(60)}${list('1', bytes)}${']'.repeat(60)}`;
  const texts = hostileTexts(bytes).map((text) => JSON.stringify(text).slice(0, bytes).replace(/\\?$/, '"'));
  return [...lists, wide, deep, ...texts];
}

/** Commands and events of about this many bytes in the format of each dialect, expensive in each of their fields. */
export function hostileFrames(bytes: number): string[] {
  const patterns = fill(bytes, (i) => `"t${i}.a.k"`);
  const half = {
    patterns: fill(bytes / 2, (i) => `"t${i}.a.k"`),
    filters: fill(bytes / 2, (i) => `"f${i}":1`),
  };
  const commas = 'a,'.repeat(bytes / 2);
  const commands = [
    `{"command":"subscribe","patterns":[${patterns}]}`,
    `{"command":"unsubscribe","patterns":[${patterns}]}`,
    `{"command":"subscribe","patterns":[${half.patterns}],"filters":{${half.filters}}}`,
    `{"command":"subscribe","patterns":["a.b.c"],"filters":{${fill(bytes, (i) => `"f${i}":1`)}}}`,
    `{"command":"subscribe","patterns":["a.b.c"],"filters":{"a":[${list('1', bytes)}]}}`,
    `{"command":"subscribe","patterns":["a.b.c"],"filters":{"${'a.'.repeat(bytes / 2)}":1}}`,
    `{"command":"subscribe","patterns":["${commas}.${commas}.${commas}"]}`,
    `{"command":"publish","events":[${list('{}', bytes)}]}`,
    `{"command":"auth","token":"${'a.'.repeat(bytes / 2)}"}`,
    `{"type":"subscribe","events":[${patterns}],"filters":{}}`,
    `{"type":"subscribe","events":"${commas}"}`,
    `{"type":"subscribe","events":[${half.patterns}],"filters":{${half.filters}}}`,
    `{"type":"unsubscribe","events":[${patterns}]}`,
    `{"type":"auth","token":"${'a'.repeat(bytes)}"}`,
    `register ${commas}.${commas}.${commas}`,
    `deregister ${'a.'.repeat(bytes / 2)}`,
  ];
  return [...commands, ...hostileJson(bytes), ...hostileTexts(bytes)];
}

/** Events of about this many bytes in each format. */
export function hostileEvents(bytes: number): string[] {
  return hostileJson(bytes).flatMap((json) => [
    `{"type":"a","action":"b","key":"c","object":${json}}`,
    `{"Type":"a","Action":"b","Key":"c","Object":${json}}`,
    `{"event_type":"TaskStatusChanged","data":${json}}`,
    `{"type":"a.b","appId":"c","payload":${json}}`,
    `{"type":"cluster.added","data":{"name":"p","x":${json}}}`,
  ]);
}

/** Queries of about this many bytes, expensive in the parameters that one of the hub's readers knows. */
export function hostileQueries(bytes: number, names: readonly string[]): URLSearchParams[] {
  return names.flatMap((name) => [
    ...hostileTexts(bytes).map((text) => new URLSearchParams([[name, text]])),
    new URLSearchParams(
      Array.from({ length: bytes / (name.length + 4) }, (_, i): [string, string] => [name, `${i}.*`]),
    ),
    new URLSearchParams([
      ['pattern', 'a.b.c'],
      [name, `{${fill(bytes, (i) => `"f${i}":1`)}}`],
    ]),
    new URLSearchParams([[name, `Re(${'\\pL{1,1000}'.repeat(bytes / 11)})`]]),
    new URLSearchParams([[name, `In(${'a,'.repeat(bytes / 2)})`]]),
  ]);
}

function list(value: string, bytes: number): string {
  return Array.from({ length: Math.max(1, bytes / (value.length + 1)) }, () => value).join();
}

function fill(bytes: number, make: (index: number) => string): string {
  const parts: string[] = [];
  for (let size = 0, i = 0; size < bytes; i++) {
    const part = make(i);
    parts.push(part);
    size += part.length + 1;
  }
  return parts.join();
}
