import { readFileSync } from 'node:fs';
import path from 'node:path';

/** The version of the running code. package.json is two folders above the compiled files. */
export const version: string = JSON.parse(readFileSync(path.join(__dirname, '../../package.json'), 'utf8')).version;
