import { randomInt } from 'node:crypto';
import fc from 'fast-check';
import { isRetryable, type UserErrorCode, userErrorCodes } from '../../src/domain/errors';
import { type TestClient, type TestGatewayServer, testGateway } from '../support/gateway';
import { killAll, type Started, start } from '../support/process';
import {
  acts,
  beginWorld,
  type Command,
  carryOut,
  clientActNames,
  commandOf,
  commandsBy,
} from '../support/sequences/commands';
import { Crash } from '../support/sequences/crash';
import { faults, faultsAtTheEnd } from '../support/sequences/faults';
import { requestOf, type Told, toldBy } from '../support/sequences/remote';
import { type Act, look, record } from '../support/sequences/world';

/*
 * Random sequences of commands that clients send to the real process, which is killed again and again in their midst. After
 * each death everything is settled, and the books are held against each other and the ledger of the payment gateway, to the
 * cent. What a client was told must have survived; a key finds the outcome that was told, and else carries the request out,
 * once.
 */
const seeds = process.env.SEQUENCE_SEEDS?.split(',').map(Number) ?? [1, randomInt(2 ** 31)];
const lives = 8;
const clients = 3;
const signingKey = 'a key of thirty-two characters or more';

/** What one process is asked for, and after how many rows it dies. */
interface Life {
  commands: (Command & { isKeyed: boolean })[];
  writes: number;
  /** What it waits for at that moment is lost too. */
  isLost: boolean;
}
const life = record<Life>({
  commands: fc.array(
    fc.tuple(commandOf(clientActNames), fc.boolean()).map(([command, isKeyed]) => ({ ...command, isKeyed })),
    { minLength: 12, maxLength: 12 },
  ),
  writes: fc.nat({ max: 90 }),
  isLost: fc.boolean(),
});

interface Sent {
  request: { query: string; variables: object };
  /** Of this one's own, by which history tells what it has done. */
  headers: Record<string, string>;
  isKeyed: boolean;
  /** The text of the reply; undefined where there was none before the end. */
  reply?: string;
}

const seen = { died: 0, lost: 0, answered: 0, done: 0, replayed: 0 };

const mayPass = (reply: string): boolean =>
  [...reply.matchAll(/"code":"(\w+)"/g)].some(
    ([, code]) => code in userErrorCodes && isRetryable(code as UserErrorCode),
  );

class Story {
  private readonly sent: Sent[] = [];
  private count = 0;
  private readonly deleted = new Set<string>();

  constructor(
    private readonly gateway: TestGatewayServer,
    private readonly client: TestClient,
    private readonly crash: Crash,
  ) {}

  /** Starts a process, has it carry commands out for several clients at once, and kills it. */
  async live({ commands, writes, isLost }: Life): Promise<void> {
    const process = start({
      ...{ DATABASE_URL: this.gateway.database.url, JWT_SIGNING_KEY: signingKey },
      ...{ LOG_LEVEL: 'error', GATEWAY_TIMEOUT_MS: '300', BILL_RUN_WORKERS: '2' },
    });
    const origin = await process.origin;
    await this.crash.arm(writes);
    const queue = [...commands];
    const worker = async () => {
      for (let next = queue.shift(); next; next = queue.shift()) await this.send(origin, next);
    };
    const underWay = Promise.all(Array.from({ length: clients }, worker));
    const waiter = await this.crash.struck(underWay);
    if (waiter) seen.died++;
    await this.crash.kill(process, waiter, isLost);
    await underWay.catch(() => {});
    expect(logged(process)).toEqual([]);
  }

  private async send(origin: string, { act, args, isKeyed }: Life['commands'][0]): Promise<void> {
    const work = await this.client.work();
    const ask = (acts[act] as Act<unknown>).ask(await look(work), args, work.caller);
    const name = `${ask.field}-${this.count++}`;
    const sent: Sent = {
      request: requestOf(ask),
      headers: { 'zuora-track-id': name, ...(isKeyed && { 'idempotency-key': name }) },
      isKeyed,
    };
    this.sent.push(sent);
    const response = await fetch(`${origin}/graphql`, {
      method: 'POST',
      headers: {
        ...{ authorization: `Bearer ${this.client.token}`, 'content-type': 'application/json' },
        ...sent.headers,
      },
      body: JSON.stringify(sent.request),
    });
    sent.reply = await response.text();
  }

  /** Holds what was told against what is there, and has what is under a key told once more. */
  async compare(): Promise<void> {
    const all = this.sent.splice(0);
    const told = all.flatMap(({ reply }) => (reply === undefined ? [] : this.read(reply)));
    // One that was not answered may have been carried out.
    const isDeleting = all.some(({ request, reply }) => reply === undefined && request.query.includes('deleteBillRun'));
    expect(await this.forgotten(told.filter(({ __typename: what }) => !(isDeleting && what === 'BillRun')))).toEqual(
      [],
    );
    for (const { request, headers, reply, isKeyed } of all) {
      seen[reply === undefined ? 'lost' : 'answered']++;
      if (!isKeyed) continue;
      const again = await this.client.graphql(request.query, request.variables, headers);
      // A refusal that may pass, such as a payment gateway that takes too long on a busy machine, is not kept.
      if (reply === undefined || mayPass(reply)) this.read(again.text);
      else {
        expect(again.text).toBe(reply);
        seen.replayed++;
      }
    }
    // What a bill run does is done in many transactions, and settling is one of its own.
    const twice = await this.gateway.database.owner(
      `select track_id from history_entry
       where track_id not like '%BillRun-%' and action not in ('Capture', 'FailCapture', 'FailRefund')
         and not (action = 'Complete' and subject_type = 'Refund')
       group by track_id having count(distinct transaction_id) > 1
       union all select track_id from history_entry
       where subject_type = 'BillRun' and action in ('Create', 'Post', 'Cancel', 'Remove') and track_id is not null
       group by track_id having count(*) > 1`,
    );
    expect(twice).toEqual([]);
  }

  /** What a reply speaks of. It must be an outcome: done, or refused by the rules. */
  private read(text: string): Told[] {
    const { data, errors } = JSON.parse(text);
    expect(errors).toBeUndefined();
    const codes = data.done.userErrors.map(({ code }: { code: string }) => code);
    expect(codes).not.toContain('LOCKED_RETRY');
    if (codes.length === 0) seen.done++;
    if (data.done.deletedId) this.deleted.add(data.done.deletedId);
    return toldBy(data.done);
  }

  /** What was told and is not there: of each version of an object there is a history, but of bill runs. */
  private async forgotten(told: Told[]): Promise<unknown[]> {
    return this.gateway.database.owner(
      `select t.* from json_to_recordset($1) as t("__typename" text, id uuid, version integer)
       where case when "__typename" = 'BillRun'
         then t.id <> all($2) and not exists (select from bill_run r where r.id = t.id and r.version >= t.version)
         else not exists (select from history_entry h where h.subject_id = t.id and h.version = t.version) end`,
      [JSON.stringify(told), [...this.deleted]],
    );
  }
}

/** What a process has complained of, but for the payment gateway. */
const logged = (process: Started): string[] =>
  process
    .out()
    .split('\n')
    .filter((line) => line.startsWith('{') && !/the gateway failed|did not answer within/.test(line));

afterAll(killAll);

describe('a process that is killed amid random commands', () => {
  test.each(seeds)(
    'has neither lost nor doubled anything (seed %i)',
    async (seed) => {
      const all = fc.array(life, { minLength: lives, maxLength: lives });
      // What went before leaves something to every kind of command.
      const property = fc.asyncProperty(commandsBy(15), all, async (before, all) => {
        const gateway = await testGateway({ poolSize: 8, gatewayTimeoutMs: 300 });
        try {
          const work = await beginWorld(gateway, true);
          await carryOut(gateway, work, before, 1, {});
          const story = new Story(gateway, await gateway.client(), await Crash.in(gateway));
          for (const one of all) {
            await story.live(one);
            expect(await faults(gateway, work)).toEqual({});
            await story.compare();
          }
          expect(await faultsAtTheEnd(gateway, work)).toEqual({});
        } finally {
          killAll();
          await gateway.close();
        }
      });
      // What depends on timing does not become shorter by trying again.
      await fc.assert(property, { seed, numRuns: 1, unbiased: true, endOnFailure: true });
    },
    300_000,
  );

  test('died amid transactions, with requests under way, and was asked again', () => {
    expect(Object.entries(seen).filter(([, count]) => count < 3)).toEqual([]);
  });
});
