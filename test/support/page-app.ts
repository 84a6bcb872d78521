import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ClientProject } from './client';

/* The blocks of a page that are the files of an app: compiled as their reader would compile them, and loaded here. */

/** As strict as a reader may have it, for browsers. Emitted as CommonJS, which is what jest loads. */
const tsconfig = {
  compilerOptions: {
    ...{ target: 'es2022', lib: ['es2023', 'dom', 'dom.iterable'], module: 'commonjs', moduleResolution: 'bundler' },
    ...{ strict: true, noUncheckedIndexedAccess: true, noUnusedLocals: true, noImplicitReturns: true },
    ...{ esModuleInterop: true, skipLibCheck: true, types: [], rootDir: 'src', outDir: 'out' },
  },
  include: ['src'],
};

/** An app whose files are blocks of a page: TypeScript by the name in its first line, JSON as the configuration of a tool. */
export class PageApp {
  readonly project: ClientProject;
  /** The names of its files, in the order of the page, then those of the reader. */
  readonly files: string[] = [];

  /** `only`: the files to take of the page, if not all. `more`: files that the page leaves to its reader. */
  constructor(page: string, schema: string, only?: string[], more: Record<string, string> = {}) {
    this.project = new ClientProject(null, schema);
    this.project.write('tsconfig.json', JSON.stringify(tsconfig));
    const text = readFileSync(page, 'utf8');
    for (const [, block] of text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)) {
      const name = /^\/\/ (\S+\.ts)\n/.exec(block)?.[1];
      if (!name) throw new Error(`a block of ${page} has no name: ${block.slice(0, 60)}`);
      if (only && !only.includes(name)) continue;
      this.files.push(name);
      this.project.write(`src/${name}`, block);
    }
    for (const [, name, block] of text.matchAll(
      /^`([\w.]+\.json)`[^\n]*\n(?:[^`\n][^\n]*\n)*\n```json\n([\s\S]*?)^```$/gm,
    ))
      this.project.write(name, block);
    for (const [name, block] of Object.entries(more)) {
      this.files.push(name);
      this.project.write(`src/${name}`, block);
    }
  }

  /** Runs the tools that write code for the app. */
  generate(): void {
    mkdirSync(path.join(this.project.folder, 'src/relay/generated'), { recursive: true });
    for (const [tool, command, ...args] of [
      ['@graphql-codegen/cli', 'graphql-codegen', '--config', 'codegen.json'],
      ['relay-compiler', 'relay-compiler'],
    ]) {
      const { ok, output } = this.project.run(tool, command, ...args);
      if (!ok) throw new Error(output);
    }
  }

  /** Compiles the app, and returns what the compiler has to say. */
  compiled(): string {
    const { output } = this.project.run('typescript', 'tsc', '-p', '.');
    for (const file of this.files)
      if (file.startsWith('relay/')) this.bindArtifacts(`out/${file.replace('.ts', '.js')}`);
    return output;
  }

  /** What Relay's plugin for bundlers does: the text of an operation becomes the artifact that the compiler made of it. */
  private bindArtifacts(file: string): void {
    const tag = /\(0, relay_runtime_\d+\.graphql\) `\s*(?:query|mutation|subscription|fragment) (\w+)[^`]*`/g;
    const bound = this.project.read(file).replace(tag, (_, name) => `require('./generated/${name}.graphql').default`);
    this.project.write(file, bound);
  }

  /** A module of the compiled app. */
  // biome-ignore lint/suspicious/noExplicitAny: its types are checked where the app is compiled
  load(name: string): any {
    return require(path.join(this.project.folder, 'out', name));
  }

  remove(): void {
    this.project.remove();
  }
}
