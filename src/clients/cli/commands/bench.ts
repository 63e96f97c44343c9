import type { BenchOptions } from '../bench.ts';
import { examples, hubCommand, wholeNumber, type AddCommand, type HubOptions } from '../command.ts';
import { Output } from '../output.ts';

type Options = HubOptions & Omit<BenchOptions, 'progress'>;

/** `belfry bench`: what comes back, and how soon. */
export const addBench: AddCommand = (program) => {
  const command = hubCommand(program, 'bench')
    .description(
      'Open connections to a hub, publish events to them over HTTP, and print how many came back and how soon.',
    )
    .argument('[url]', 'the hub, as with --url')
    .option('-n, --connections <count>', 'connections, all of one pattern', wholeNumber, 1_000)
    .option('-p, --pattern <pattern>', 'what they hear, and what is published', 'bench.tick.*')
    .option('-r, --rate <events>', 'events a second', wholeNumber, 100)
    .option('-d, --duration <seconds>', 'how long to publish', wholeNumber, 10)
    .option('-s, --size <bytes>', 'filling in each event', wholeNumber, 64)
    .action(async (url: string | undefined, options: Options) => {
      const [{ bench, benchTable }, { progressOn }] = await Promise.all([
        import('../bench.ts'),
        import('../progress.ts'),
      ]);
      const progress = progressOn(process.stderr);
      const result = await bench({ ...options, ...(url !== undefined && { url }), progress });
      const output = new Output(options);
      if (output.format === 'table') output.all(benchTable(result), { line: (line) => [line] });
      else output.one(result);
    });
  examples(command, {
    'belfry bench http://localhost:8800 --connections 20 --rate 20 --duration 1': 'a short look',
  });
};
