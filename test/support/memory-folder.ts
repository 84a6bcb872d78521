import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, statfsSync } from 'node:fs';
import path from 'node:path';

const memory = '/dev/shm';

/** The databases of a whole run take 1 GB at most, and those of its servers in temporary folders another. In bytes. */
const needed = 4 * 2 ** 30;

/**
 * A folder in memory for all that the tests of this checkout write, or undefined where the machine has none with 4 GB of room.
 * A clone of the template is 560 files. On ext4 a new file is searched for among those deleted lately: while other test
 * files drop their clones, a clone took 1.2 s, of which 0.4 s of CPU. In memory it takes 0.06 s and 0.02 s.
 */
export function memoryFolder(checkout: string): string | undefined {
  if (!existsSync(memory)) return undefined;
  const { bavail, bsize } = statfsSync(memory);
  if (bavail * bsize < needed) return undefined;
  const folder = path.join(memory, `gateway-tests-${createHash('sha256').update(checkout).digest('hex').slice(0, 12)}`);
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  return folder;
}
