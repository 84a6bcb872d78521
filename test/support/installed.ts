import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';

const debian = '/usr/lib/postgresql';

/**
 * The bin folder of an installed PostgreSQL with its tools, 15 or later. The embedded one has no pg_dump. Debian's come first,
 * the newest of them, then the PATH. Undefined where there is none.
 */
export function installedPostgres(): string | undefined {
  const versions = existsSync(debian) ? readdirSync(debian).filter((name) => Number(name) >= 15) : [];
  const folders = [
    ...versions.sort((a, b) => Number(b) - Number(a)).map((version) => path.join(debian, version, 'bin')),
    ...(process.env.PATH ?? '').split(path.delimiter),
  ];
  const tools = ['pg_dump', 'pg_dumpall', 'pg_restore', 'psql', 'initdb', 'pg_ctl', 'postgres'];
  return folders.find((folder) => tools.every((tool) => existsSync(path.join(folder, tool))));
}
