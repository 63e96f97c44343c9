/** This file is loaded before a node. Each SIGUSR2 puts the clock of the node an hour ahead or, in turn, an hour behind. */
const HOUR_MS = 3_600_000;
const RealDate = globalThis.Date;
let shiftMs = 0;

process.on('SIGUSR2', () => {
  shiftMs = shiftMs > 0 ? -HOUR_MS : HOUR_MS;
});

globalThis.Date = new Proxy(RealDate, {
  construct: (target, given: [], newTarget: typeof RealDate): Date =>
    Reflect.construct(target, given.length > 0 ? given : [RealDate.now() + shiftMs], newTarget) as Date,
  get: (target, name): unknown =>
    name === 'now' ? () => RealDate.now() + shiftMs : (Reflect.get(target, name) as unknown),
});
