import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const ROOT = new URL('../', import.meta.url);

/** What each term was called before, as it would stand in code or in a sentence. */
const OLD: Readonly<Record<string, RegExp>> = {
  registry: /\b(?:the|a|on|off) rolls?\b|\bRoll(?:Size|Names|Limits|Options)?\b|belfry_roll_/i,
  unauthenticated: /\bclass Strangers\b|\bnew Strangers\b|\bstrangers\.(?:ts|test|add|has)|#strangers/,
  'write coalescer': /\bJoiner\b|\bjoiner\.ts/,
  'idle cohorts and timers': /\bSpares\b|\bspares\.ts|\bDisuse\b|\bdisuse\./,
  'dead letters':
    /\bDeadEntry\b|\bdead entr(?:y|ies)\b|\}:dead\b(?!-)|\bbelfry dead\b(?!-)|\bNothing is dead\b|\bwhat is dead\b/,
  ingress: /inbox/i,
  gap: /\bholes?(?:Found|Repaired)?\b|belfry_?holes/i,
  'delivery probe': /\bisProved\b|belfry_flow_/,
  query: /[Ww]ish(?:es|ed)?\b/,
  'slow consumer': /\bwho lags\b|\b[Ll]agging\b|belfry_lagging/,
  transport: /\b[Oo]utlets?\b|Outlet\b/,
  'connection info': /\bArrival\b/,
  unsupported: /unknownWord|unknown_word|has no word for/,
  'rejected input': /[Rr]ubbish/,
  'control command': /\b[oO]bey|\bOrders\b/,
  conflated: /\bovertaken\b/,
  onForbidden: /beyondGrants|insteadOf/,
  format: /\bspellings?\b|\bspelt\b/i,
  'log cache': /\bnew (?:Recent|Older|Lately)\b|[rR]ecentMaxEvents|RECENT_MAX_EVENTS|hub\.(?:recent|older)\b/,
  permits: /\bmay everything\b/,
  'entry point': /\bdoors?\b|Door\b/i,
};

/** The changelog tells what was called what; this file has the list. */
const files = ['src', 'test', 'deploy', 'k8s', 'README.md', 'docker-compose.yml'].flatMap((path) =>
  path.includes('.')
    ? [path]
    : readdirSync(new URL(`${path}/`, ROOT), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && !/fixtures|\/dist/.test(entry.parentPath))
        .map((entry) =>
          `${entry.parentPath.slice(ROOT.pathname.length)}/${entry.name}`.replaceAll('//', '/'),
        ),
);

describe('the words of the project', () => {
  it.each(Object.keys(OLD))('say "%s", and nothing that it was called before', (term) => {
    const old = OLD[term] ?? /$^/;
    const found = files
      .filter((file) => !file.endsWith('test/words.test.ts'))
      .flatMap((file) =>
        readFileSync(new URL(file, ROOT), 'utf8')
          .split('\n')
          .flatMap((line, i) =>
            old.test(line) || old.test(file) ? [`${file}:${i + 1}: ${line.trim()}`] : [],
          ),
      );
    expect(found).toEqual([]);
  });
});
