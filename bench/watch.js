import { writeFileSync } from 'node:fs';
import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks';

/*
 * Loaded into the gateway ahead of its own program (`node --import`): on SIGUSR2 it writes the longest hold of the event loop
 * since the last time, and the longest pause of garbage collection, which is part of it, in milliseconds, to the file that
 * WATCH_FILE names.
 */
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
let pause = 0;
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) pause = Math.max(pause, duration);
}).observe({ entryTypes: ['gc'] });
process.on('SIGUSR2', () => {
  // The monitor sleeps for its resolution between looks.
  const hold = Math.max(0, delay.max / 1e6 - 1);
  writeFileSync(process.env.WATCH_FILE, JSON.stringify({ hold, pause }));
  delay.reset();
  pause = 0;
});
