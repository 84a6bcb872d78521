import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { testGateway } from '../../support/gateway';
import { type Receiver, receiver } from '../../support/receiver';
import { endpoint, fulfillments, ofFulfillments, until, updates, versionsOf } from '../../support/webhooks';

/*
 * A process that is killed while it sends webhooks. Gates in the database stop it at one step: triggers that wait for a lock
 * which the test holds. What it had asked for at that moment is either carried out without it, or lost, where its session is
 * ended too. Another process then goes on.
 */

const deliveries = 'on webhook_delivery';
const gates = {
  'before events become deliveries': `before insert ${deliveries}`,
  'while deliveries are committed': `after insert ${deliveries}`,
  'while its claim is committed': `after update ${deliveries} for each row when (new.claim is not null and old.claim is null)`,
  'before an outcome is recorded': `before update ${deliveries} for each row when (new.status = 'Delivered')`,
  'while an outcome is committed': `after update ${deliveries} for each row when (new.status = 'Delivered')`,
};
const lockClass = 7248;

interface Case {
  at: keyof typeof gates | 'while a request is under way' | 'when all is recorded' | 'before it has seen the change';
  /** Whether its statement is carried out without it. */
  kept: boolean;
}
const cases: Case[] = [
  { at: 'before it has seen the change', kept: false },
  ...(Object.keys(gates) as (keyof typeof gates)[]).flatMap((at) => [true, false].map((kept) => ({ at, kept }))),
  { at: 'while a request is under way', kept: false },
  { at: 'when all is recorded', kept: false },
];

const children = new Set<ChildProcess>();
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
});

async function started(url: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [path.resolve(__dirname, '../../support/webhook-process.js')], {
    env: { PATH: process.env.PATH, DATABASE_URL: url },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.add(child);
  await new Promise<void>((resolve, reject) => {
    child.stdout!.on('data', () => resolve());
    child.on('close', () => reject(new Error('ended before it worked')));
  });
  return child;
}
const killed = async (child: ChildProcess): Promise<number> => {
  const ended = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGKILL');
  await ended;
  children.delete(child);
  return Date.now();
};

const distinct = (to: Receiver) => new Set(to.received.map(({ headers }) => headers['webhook-id'])).size;

test.concurrent.each(cases)(
  'killed $at (its statement is carried out: $kept), webhooks lose nothing and keep the order',
  async ({ at, kept }) => {
    const gateway = await testGateway({ localWebhooks: true, poolSize: 2 });
    const to = await receiver();
    try {
      const { owner } = gateway.database;
      const client = await gateway.client();
      const { id } = await endpoint(client, to.url, ofFulfillments);
      if (at in gates) {
        const [when, condition = ''] = gates[at as keyof typeof gates].split(' for each row ');
        await owner(`create function gate() returns trigger language plpgsql as $$ begin
        perform pg_advisory_xact_lock_shared(${lockClass}, 1); return new; end $$`);
        const trigger = when.startsWith('after')
          ? `create constraint trigger gate ${when} deferrable initially deferred`
          : `create trigger gate ${when}`;
        await owner(`${trigger} for each row ${condition} execute function gate()`);
        await owner(`select pg_advisory_lock(${lockClass}, 1)`);
      }
      if (at === 'while a request is under way') to.answer = () => {};
      const process = at === 'before it has seen the change' ? undefined : await started(gateway.database.url);
      const ids = await fulfillments(client, 3);
      for (const carrier of ['A', 'B']) await updates(client, ids, carrier);
      let died = Date.now();
      if (at in gates) {
        const waiting = () =>
          owner<{ pid: number }>(
            `select pid from pg_locks where locktype = 'advisory' and not granted and classid = ${lockClass}
             and database = (select oid from pg_database where datname = current_database())`,
          );
        await until(waiting, ({ length }) => length > 0);
        died = await killed(process!);
        const pids = (await waiting()).map(({ pid }) => pid);
        if (!kept) await owner('select pg_terminate_backend(pid) from unnest($1::integer[]) as lost(pid)', [pids]);
        await until(waiting, ({ length }) => length === (kept ? pids.length : 0));
        await owner(`select pg_advisory_unlock(${lockClass}, 1)`);
        const alive = async () => {
          await owner('select pg_stat_clear_snapshot()');
          return owner('select from pg_stat_activity where pid = any($1)', [pids]);
        };
        await until(alive, ({ length }) => length === 0);
        await owner(`drop trigger gate ${deliveries}`);
      } else if (at === 'while a request is under way') {
        await to.until(3);
        died = await killed(process!);
      } else if (at === 'when all is recorded') {
        await to.until(9);
        const open = "select from webhook_delivery where status = 'Pending'";
        await until(
          () => owner(open),
          ({ length }) => length === 0,
        );
        await killed(process!);
      }
      to.answer = 204;
      const before = to.received.length;
      gateway.server.webhooks.start();
      // What was under way is sent again within 20 seconds, and the rest follows.
      await until(async () => distinct(to) === 9 && to.received.length, Boolean, 25_000);
      const again = to.received[before];
      if (again) expect(again.at - died).toBeLessThan(20_000);
      const open = () => owner("select from webhook_delivery where status <> 'Delivered'");
      await until(open, ({ length }) => length === 0, 25_000);
      for (const each of ids) {
        const versions = versionsOf(to, each);
        expect(versions).toEqual([...versions].sort((a, b) => a - b));
        expect(new Set(versions)).toEqual(new Set([1, 2, 3]));
      }
      // Only what was sent before it was recorded comes twice.
      if (!/request|outcome/.test(at)) expect(to.received).toHaveLength(9);
      expect(await owner('select from webhook_delivery where endpoint_id = $1', [id])).toHaveLength(9);
      expect(gateway.failures).toEqual([]);
    } finally {
      await to.close();
      await gateway.close();
    }
  },
  120_000,
);
