import { readFileSync } from 'node:fs';
import path from 'node:path';

/** The version of what runs, from package.json, which lies two folders above what is compiled. */
export const version: string = JSON.parse(readFileSync(path.join(__dirname, '../../package.json'), 'utf8')).version;
