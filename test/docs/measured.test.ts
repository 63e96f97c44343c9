import { describe, expect, it } from 'vitest';
import { unproved } from './measured.ts';
import { allPages } from './pages.ts';

const found = (text: string): readonly string[] =>
  unproved({ path: 'a.md', text }).flatMap(({ figures }) => figures);

describe('a figure that only a measurement tells', () => {
  it.each(allPages())('has the command that makes it, in its section of $path', (page) => {
    expect(
      unproved(page),
      'name the command, such as `npm run bench -- …`, or link to the service levels',
    ).toEqual([]);
  });

  it.each([
    'It sends 2.8 million deliveries a second.',
    'A node takes 50,000 events/s.',
    'A delivery costs 5.6 µs of CPU.',
    'The p99 is 27.6 ms.',
    'That is 2.3 x Bun.',
    'It makes 1,422 new connections a second.',
    'It takes 0.2 % of a core.',
    'A connection takes some 10 KiB.',
    '| a page loads | 7.2 KB |',
  ])('is found: %s', (text) => {
    expect(found(text)).toHaveLength(1);
  });

  it.each([
    'A client may send 100 messages a second.',
    'The queue holds 256 deliveries or 1 MiB.',
    'The hub pings every 25 s.',
    '```sh\nnpx belfry bench --rate 20   # 100 events/s\n```\n',
  ])('is not what the hub permits or does: %s', (text) => {
    expect(found(text)).toEqual([]);
  });

  it('needs a command in its own section, and a note that generated text carries is none', () => {
    const figure = 'It takes 5 µs.';
    expect(found(`${figure} \`npm run bench -- deflate\` measures it.`)).toEqual([]);
    expect(found(`${figure}\n## Others\n\`npm run bench\`\n`)).toEqual(['5 µs']);
    expect(found(`<!-- From here on \`npm run docs\` writes. -->\n${figure}`)).toEqual(['5 µs']);
  });
});
