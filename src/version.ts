import { readFileSync } from 'node:fs';
import path from 'node:path';

/** package.json is two folders above the compiled files. */
const description = JSON.parse(readFileSync(path.join(__dirname, '../../package.json'), 'utf8'));

/** The version of the running code. */
export const version: string = description.version;

/** The oldest Node.js that is supported, such as 20.19. */
export const oldestNode: string = description.engines.node.replace('>=', '');

/** Whether a version of Node.js is older than that. npm only warns of it, and the gateway would start and fail later. */
export function isTooOld(node: string): boolean {
  const [major, minor] = node.split('.').map(Number);
  const [leastMajor, leastMinor] = oldestNode.split('.').map(Number);
  return major < leastMajor || (major === leastMajor && minor < leastMinor);
}
