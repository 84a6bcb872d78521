import { ModuleMocker } from 'jest-mock';

/** What jest keeps on the global object for one test file. */
const ofFile = ['JEST_STATE_SYMBOL', 'EVENT_HANDLERS', 'TEST_TIMEOUT_SYMBOL'];
const { exit } = process;

/** Test files share the realm of their worker, in which worker-runtime.ts loads modules. */
export default class WorkerEnvironment {
  readonly global = globalThis;
  readonly moduleMocker = new ModuleMocker(globalThis);
  /** No test uses fake timers. */
  readonly fakeTimers = null;
  readonly fakeTimersModern = null;

  /** Jest would run modules in it. It runs none by itself. */
  getVmContext(): null {
    return null;
  }

  async setup(): Promise<void> {}

  async teardown(): Promise<void> {
    for (const symbol of Object.getOwnPropertySymbols(globalThis))
      if (ofFile.includes(String(symbol.description))) delete (globalThis as Record<symbol, unknown>)[symbol];
    // Spies on the globals and on modules, which the next file shares.
    this.moduleMocker.restoreAllMocks();
    // Jest wraps it for each file.
    process.exit = exit;
  }
}
