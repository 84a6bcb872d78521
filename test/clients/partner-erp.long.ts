import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { documentsCommand } from '../../src/command/documents';
import { authenticateClient } from '../../src/service/client';
import { orderFor, testGateway } from '../support/gateway';
import { freePort } from '../support/own-process';
import { example, Partner, type Running } from '../support/partner';
import { until } from '../support/webhooks';

/*
 * The example of a partner and the gateway itself, all killed at random moments for half a minute: nothing is lost, and nothing
 * is there twice.
 */

jest.setTimeout(400_000);

const seed = Number(process.env.TEST_SEED ?? Date.now() % 1_000_000);
let state = seed;
/** At least 0 and below 1 (mulberry32). */
function random(): number {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Keeps a process running: another one is started wherever one ends. */
class Kept {
  private current: ChildProcess | undefined;
  private isOver = false;
  starts = 0;
  private readonly loop: Promise<void>;

  constructor(private readonly make: () => { child: ChildProcess; ended: Promise<unknown> }) {
    this.loop = this.keep();
  }

  private async keep(): Promise<void> {
    while (!this.isOver) {
      const { child, ended } = this.make();
      this.current = child;
      this.starts++;
      await ended;
      await pause(50);
    }
  }

  kill(): void {
    this.current?.kill('SIGKILL');
  }

  async end(): Promise<void> {
    this.isOver = true;
    this.kill();
    await this.loop;
  }
}

test(`killed at random moments with the gateway, a partner loses nothing and does nothing twice (seed ${seed})`, async () => {
  const gateway = await testGateway();
  const { owner } = gateway.database;
  const port = await freePort();
  const client = await gateway.client({ scopes: ['read', 'fulfill', 'webhook'] });
  const env = { DATABASE_URL: gateway.database.url };
  const of = ['--client', client.clientId];
  const silent = { out: () => {}, err: () => {} };
  expect(await documentsCommand(['import', ...of, path.join(example, 'manifest.json')], env, silent)).toBe(0);
  expect(await documentsCommand(['mode', ...of, 'RegisteredOnly'], env, silent)).toBe(0);
  const sale = Array.from({ length: 80 }, () => ({ quantity: '1000' }));
  const { orderLineItems } = await orderFor(await (await gateway.client()).work(), sale);
  const partner = new Partner({
    ...{ GATEWAY_URL: `http://127.0.0.1:${port}`, CLIENT_ID: client.clientId, CLIENT_SECRET: client.secret },
    PORT: String(await freePort()),
  });

  const serving = new Kept(() => {
    const child = spawn(process.execPath, [path.resolve(__dirname, '../support/webhook-process.js')], {
      env: { PATH: process.env.PATH, ...env, PORT: String(port) },
      stdio: 'ignore',
    });
    return { child, ended: new Promise((resolve) => child.once('close', resolve)) };
  });
  const receiving = new Kept(() => partner.start('receive.mjs'));
  const syncing = new Kept(() => partner.start('sync.mjs', '--follow'));
  const kept = [serving, receiving, syncing];
  const jobs = new Set<Running>();
  let isOver = false;
  /** Runs a job until it comes to its end, as a scheduler does. */
  const job = async (script: string, ...args: string[]) => {
    for (;;) {
      const running = partner.start(script, ...args);
      jobs.add(running);
      const { status, text } = await running.ended;
      jobs.delete(running);
      if (status === 0) return text;
      if (status !== null && /refused\.$/m.test(text)) throw new Error(text);
      await pause(100);
    }
  };
  try {
    // Each file has two chunks of the import.
    const ids = Array.from({ length: 3 }, (_, file) => Array.from({ length: 1_200 }, (__, at) => `F${file}-${at}`));
    const files = ids.map((each, at) =>
      partner.shipments(
        `file-${at}.csv`,
        each.map((id, line) => [id, orderLineItems[line % orderLineItems.length].id]),
      ),
    );
    const working = Promise.all([
      (async () => {
        // What was changed before there is an endpoint is not sent to it.
        await until(
          () => owner('select from webhook_endpoint'),
          ({ length }) => length > 0,
          60_000,
        );
        for (const file of files) await job('import.mjs', file);
      })(),
      job('rotate.mjs'),
    ]);
    let kills = 0;
    const killing = (async () => {
      for (const end = Date.now() + 30_000; Date.now() < end && !isOver; ) {
        await pause(100 + 900 * random());
        const at = Math.floor(random() * (kept.length + 1));
        if (at < kept.length) kept[at].kill();
        else for (const { child } of jobs) child.kill('SIGKILL');
        kills++;
      }
    })();
    await killing;
    await working;
    expect(kills).toBeGreaterThan(20);

    const all = ids.flat().sort();
    const found = await owner<{ id: string; times: number }>(
      'select external_id as id, count(*)::integer as times from fulfillment group by 1',
    );
    expect(found.filter(({ times }) => times > 1)).toEqual([]);
    expect(found.map(({ id }) => id).sort()).toEqual(all);

    expect(await owner('select from webhook_endpoint')).toHaveLength(1);
    const rows = await owner<{ id: string }>(
      "select id from history_entry where subject_type = 'Fulfillment' order by id",
    );
    const events = rows.map(({ id }) => id);
    const copied = await until(
      async () => partner.load('copy.json'),
      (copy) => copy.events >= events.length,
      60_000,
    );
    expect([copied.events, Object.keys(copied.fulfillments).length]).toEqual([events.length, all.length]);

    await until(
      async () => {
        // Lets time pass for what waits for its next attempt.
        await owner("update webhook_delivery set next_attempt_date = now() where status = 'Pending' and claim is null");
        return partner.inbox().length;
      },
      (length) => length >= events.length,
      120_000,
    );
    const inbox = partner.inbox();
    expect(new Set(inbox.map(({ id }) => id)).size).toBe(inbox.length);
    expect(inbox.map(({ event }) => event).sort()).toEqual(events);

    const { secret, pending } = partner.load('credentials.json');
    expect(pending).toBeUndefined();
    expect(secret).not.toBe(client.secret);
    expect(await authenticateClient(gateway.database.db.aside(), client.clientId, secret)).toBeDefined();
  } finally {
    isOver = true;
    for (const each of kept) await each.end();
    partner.end();
    await gateway.close();
  }
});
