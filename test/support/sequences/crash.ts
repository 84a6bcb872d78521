import type { TestGatewayServer } from '../gateway';
import type { Started } from '../process';

/*
 * Where a process dies: at its n-th write of a row, counted by triggers on every table, whatever table that is in, and
 * with the history entries once more in the commits. It stops there, since the trigger waits for a lock which the test
 * holds, and is killed. Its sessions are then gone at once, or carry out what they were asked for without it.
 *
 * Ending the sessions of a process that lives on would be cheaper, but no crash: it would hear of it, give up what was
 * authorized, and settle what it has committed. A kill after some time would be one, but seldom strike amid a transaction.
 */

const lockClass = 7248;

/** What every process writes beside its requests. The gateway of the test does so too, and must not be the one that is struck. */
const besides = [
  'migrations',
  'gateway_process',
  'client_rate',
  'client_subscription',
  'client_day',
  'client_document_use',
];

const counting = `
  create sequence writes minvalue -1000000 start 1;
  create function count_write() returns trigger language plpgsql security definer as $$ begin
    if nextval('writes') = 0 then perform pg_advisory_xact_lock_shared(${lockClass}, 0); end if;
    return case when tg_op = 'DELETE' then old else new end;
  end $$;
  do $$ declare name text; begin
    for name in select format('%I.%I', schemaname, tablename) from pg_tables
      where schemaname in ('public', 'test_gateway') and tablename <> all('{${besides.join()}}') loop
      execute format('create trigger count_write before insert or update or delete on %s for each row execute function count_write()', name);
    end loop;
  end $$;
  create constraint trigger count_commit after insert on history_entry deferrable initially deferred
    for each row execute function count_write()`;

export class Crash {
  private constructor(private readonly owner: TestGatewayServer['database']['owner']) {}

  static async in({ database: { owner } }: TestGatewayServer): Promise<Crash> {
    await owner(counting);
    return new Crash(owner);
  }

  /** From now on, whoever writes the n-th row from here waits. */
  async arm(writes: number): Promise<void> {
    await this.owner('select pg_advisory_lock($1, 0)', [lockClass]);
    await this.owner(`select setval('writes', $1)`, [-writes - 1]);
  }

  /** Resolves once somebody waits, or with nobody once what is under way has ended before. */
  async struck(underWay: Promise<unknown>): Promise<number | undefined> {
    let ended = false;
    const end = () => {
      ended = true;
    };
    underWay.then(end, end);
    for (;;) {
      const isLast = ended;
      const [waiter] = await this.owner<{ pid: number }>(
        `select pid from pg_locks where locktype = 'advisory' and not granted and classid = ${lockClass}
           and database = (select oid from pg_database where datname = current_database())`,
      );
      if (waiter || isLast) return waiter?.pid;
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  /** Kills the process, and waits until nothing of it is left but what it has committed. */
  async kill(process: Started, waiter: number | undefined, isLost: boolean): Promise<void> {
    process.child.kill('SIGKILL');
    await process.ended;
    if (waiter && isLost) await this.owner('select pg_terminate_backend($1)', [waiter]);
    await this.owner(`select setval('writes', 1)`);
    await this.owner('select pg_advisory_unlock($1, 0)', [lockClass]);
    const end = Date.now() + 15_000;
    const busy = `select pid, query from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
      and state <> 'idle'`;
    while ((await this.owner(busy)).length) {
      if (Date.now() > end) throw new Error('sessions of the killed process do not end');
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}
