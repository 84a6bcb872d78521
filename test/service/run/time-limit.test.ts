import { timed } from '../../../src/service/run/time-limit';
import { Work } from '../../../src/service/run/work';
import { type TestGatewayServer, testGateway } from '../../support/gateway';

let gateway: TestGatewayServer;
beforeAll(async () => {
  gateway = await testGateway({ poolSize: 1 });
  await gateway.database.owner('create table note (n integer)');
  await gateway.database.owner('grant insert on note to order_gateway_app');
});
afterAll(() => gateway.close());

test('what is done only after the time is up is not committed, and what it holds is given up', async () => {
  const { caller } = await (await gateway.client()).work();
  const given: string[] = [];
  const late = () => new Promise((done) => setTimeout(done, 300));
  let work: Work | undefined;
  let carriedOut: Promise<void> | undefined;
  const answered = timed(100, (counter) => {
    work = new Work(gateway.services, caller, counter);
    carriedOut = work.run(false, async (unit) => {
      unit.onRollback.push(async () => void given.push('rollback'));
      unit.onCommit.push(async () => void given.push('commit'));
      await unit.db.connection.query('insert into note values (1)');
      await late();
    });
    return carriedOut;
  });
  await expect(answered).rejects.toMatchObject({ code: 'TIMEOUT', details: { limit: 'time', allowed: 100 } });
  expect(given).toEqual([]);
  await expect(carriedOut).rejects.toMatchObject({ code: 'TIMEOUT' });
  await work!.finish();
  expect(given).toEqual(['rollback']);
  expect(await gateway.database.owner('select from note')).toEqual([]);
  expect(await gateway.services.db.reads().query('select 1 as one')).toEqual([{ one: 1 }]);
});

test('what is done in time is committed, and its failures are its own', async () => {
  const { caller } = await (await gateway.client()).work();
  const run = (text: string) =>
    timed(60_000, (counter) =>
      new Work(gateway.services, caller, counter).run(false, (unit) => unit.db.connection.query(text)),
    );
  expect(await run('select 1 as one')).toEqual([{ one: 1 }]);
  await expect(run('select 1 / 0')).rejects.toMatchObject({ code: '22012' });
});

test('a request that never ends is answered by its time, where nothing was committed', async () => {
  const began = performance.now();
  const never = timed(100, () => new Promise<never>(() => {}));
  await expect(never).rejects.toMatchObject({ code: 'TIMEOUT', details: { limit: 'time', allowed: 100 } });
  expect(performance.now() - began).toBeLessThan(900);
});

test('a request that never ends after a commit is answered too: its outcome is unknown, and something was committed', async () => {
  const { caller } = await (await gateway.client()).work();
  const answered = timed(500, async (counter) => {
    const work = new Work(gateway.services, caller, counter);
    await work.run(false, (unit) => unit.db.connection.query('insert into note values (2)'));
    return new Promise<never>(() => {});
  });
  await expect(answered).rejects.toMatchObject({
    code: 'OUTCOME_UNKNOWN',
    message: expect.stringMatching(/^The time was up after a change was committed/),
  });
  expect(await gateway.database.owner('select n from note')).toEqual([{ n: 2 }]);
});

test('a reply to what was committed is waited for a moment, and is the reply', async () => {
  const { caller } = await (await gateway.client()).work();
  const answered = timed(300, async (counter) => {
    const work = new Work(gateway.services, caller, counter);
    await work.run(false, (unit) => unit.db.connection.query('insert into note values (3)'));
    await new Promise((done) => setTimeout(done, 500));
    return 'told';
  });
  expect(await answered).toBe('told');
});

test('a commit that is under way when the time is up is waited for a moment, and so are the writes in its message', async () => {
  const { caller } = await (await gateway.client()).work();
  const ending = (text: string) =>
    timed(200, async (counter) => {
      const work = new Work(gateway.services, caller, counter);
      await work.run(false, async (unit) => {
        await unit.db.connection.query('select 1');
        await unit.db.connection.post('select pg_sleep(0.5)');
        await unit.db.connection.post(text);
      });
      return 'told';
    });
  expect(await ending('insert into note values (4)')).toBe('told');
  await expect(ending('insert into note values (1 / 0)')).rejects.toMatchObject({ code: '22012' });
  expect(await gateway.database.owner('select n from note where n = 4')).toEqual([{ n: 4 }]);
});

test('a commit that stays under way has an unknown outcome', async () => {
  const { caller } = await (await gateway.client()).work();
  const answered = timed(100, (counter) =>
    new Work(gateway.services, caller, counter).run(false, async (unit) => {
      await unit.db.connection.query('select 1');
      await unit.db.connection.post('select pg_sleep(1.5)');
    }),
  );
  await expect(answered).rejects.toMatchObject({ code: 'OUTCOME_UNKNOWN' });
  await new Promise((done) => setTimeout(done, 600));
});

test('a request may be ended for another reason, which its reply then has', async () => {
  const reason = new Error('the process stops');
  const answered = timed(60_000, async ({ limit }) => {
    limit!.pass(reason);
    return new Promise<never>(() => {});
  });
  await expect(answered).rejects.toBe(reason);
});
