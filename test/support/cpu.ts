/** How long `run` computes, in milliseconds of this process: what else the machine does meanwhile is not counted. */
export function cpuMsOf(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}
