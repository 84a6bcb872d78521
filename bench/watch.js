import { writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

/*
 * Loaded into the gateway ahead of its own program (`node --import`): on SIGUSR2 it writes the longest hold of the event loop
 * since the last time, in milliseconds, to the file that WATCH_FILE names. Garbage collection counts, as it holds requests up too.
 */
const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
process.on('SIGUSR2', () => {
  // The monitor sleeps for its resolution between looks.
  writeFileSync(process.env.WATCH_FILE, String(Math.max(0, delay.max / 1e6 - 1)));
  delay.reset();
});
