import 'reflect-metadata';
import Module, { createRequire } from 'node:module';
import path from 'node:path';
import Runtime from 'jest-runtime';

const tests = path.dirname(__dirname) + path.sep;
const globals = require.resolve('@jest/globals');
/** This file and worker-environment. */
const own = path.join(__dirname, 'worker-');

/** The module with the state of a file in jest. */
const anew = /jest-circus.build.jestAdapterInit/;

// Apollo Client warns developers alone, and asks once for each worker who they are: its modules cannot be loaded anew.
Object.assign(globalThis, { __DEV__: true });

/** The setter of what a process is told once, in a module that some test file has loaded. */
const setter = (module: string, name: string): ((on: boolean) => void) | undefined =>
  require.cache[require.resolve(`../../src/${module}`)]?.exports[name];

/**
 * Loads modules as Node does: packages and `src` once for each worker. Jest would load them for each test file, in a realm of its
 * own: 2 of the 3 s that a small file over a gateway took. A worker is then what the process of the gateway is: it serves one
 * server after the other, and its code is warm. Test files and `support/` are loaded anew for each file.
 */
export default class WorkerRuntime extends Runtime {
  constructor(...options: ConstructorParameters<typeof Runtime>) {
    super(...options);
    for (const file of Object.keys(require.cache))
      if (anew.test(file) || (file.startsWith(tests) && !file.startsWith(own))) delete require.cache[file];
  }

  override requireModule<T>(from: string, name?: string): T {
    // The test file itself. Its globals are those of jest-circus and the object `jest`.
    if (!name) {
      const exports = this.requireModuleOrMock<object>(from, '@jest/globals');
      Object.assign(globalThis, exports);
      // Apollo's suite of tests imports them.
      require.cache[globals] = Object.assign(new Module(globals), { exports, loaded: true });
    }
    return createRequire(from)(name ?? from);
  }

  override requireInternalModule<T>(from: string, name?: string): T {
    return createRequire(from)(name ?? from);
  }

  override teardown(): void {
    super.teardown();
    setter('graph/build/schema', 'serveAsSubgraph')?.(false);
    setter('store/connection/prepared', 'preparedStatements')?.(true);
  }
}
