import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/* What frontend projects do with a schema: compile their operations against it, and check what uses the result. */

const packages = path.resolve('node_modules');

/** What the compiler of types is asked: as strict as it can be, and to write nothing. */
const tsconfig = {
  compilerOptions: {
    ...{ target: 'es2022', lib: ['es2023'], module: 'preserve', types: [] },
    ...{ strict: true, noUncheckedIndexedAccess: true, skipLibCheck: true, noEmit: true },
  },
  include: ['src', 'generated'],
};

interface Ran {
  ok: boolean;
  output: string;
}

/** A copy of a client of `test/clients` in a folder of its own, beside a schema. */
export class ClientProject {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'client-'));

  /** `name`: null for a project without files of its own. `at`: the folder below its root where the files lie. */
  constructor(name: string | null, schema: string, at = '') {
    if (name) cpSync(path.resolve('test/clients', name), path.join(this.folder, at), { recursive: true });
    symlinkSync(packages, path.join(this.folder, 'node_modules'), 'junction');
    this.write('schema.graphql', schema);
    this.write('tsconfig.json', JSON.stringify(tsconfig));
  }

  read(file: string): string {
    return readFileSync(path.join(this.folder, file), 'utf8');
  }

  write(file: string, text: string): void {
    const target = path.join(this.folder, file);
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, text);
  }

  /** Runs the command of an installed package. */
  run(name: string, command: string, ...args: string[]): Ran {
    const { bin } = JSON.parse(readFileSync(path.join(packages, name, 'package.json'), 'utf8'));
    const file = path.join(packages, name, typeof bin === 'string' ? bin : bin[command]);
    const { status, stdout, stderr } = spawnSync(process.execPath, [file, ...args], {
      cwd: this.folder,
      encoding: 'utf8',
      timeout: 60_000,
      env: { PATH: process.env.PATH, HOME: this.folder },
    });
    return { ok: status === 0, output: `${stdout}${stderr}` };
  }

  /** Checks the types of the client, and of what was generated for it. */
  checked(): Ran {
    return this.run('typescript', 'tsc', '-p', '.');
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
