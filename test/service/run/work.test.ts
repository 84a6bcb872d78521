import type { Unit } from '../../../src/service/run/unit';
import { orderFor, type TestGatewayServer, testGateway } from '../../support/gateway';

let gateway: TestGatewayServer;
beforeAll(async () => {
  gateway = await testGateway();
});
afterAll(() => gateway.close());

const rename = (unit: Unit, id: string, name: string) =>
  unit.db.query('update account set name = $4 where entity_id = $1 and org_id = any($2) and id = $3', [id, name]);
const nameOf = async (id: string) =>
  (await gateway.database.owner<{ name: string }>('select name from account where id = $1', [id]))[0].name;

describe('a unit of work', () => {
  test('whose connection is lost at its commit says that nobody knows, and not that it can be tried again', async () => {
    const work = await (await gateway.client()).work();
    const { account } = await orderFor(work);
    const lost = work.run(false, async (unit) => {
      await rename(unit, account.id, 'Lost');
      const [{ pid }] = await unit.db.connection.query<{ pid: number }>('select pg_backend_pid() as pid');
      await gateway.database.owner('select pg_terminate_backend($1, 5000)', [pid]);
    });
    const error = await lost.catch((thrown) => thrown);
    expect(error).toMatchObject({ code: 'OUTCOME_UNKNOWN', cause: expect.any(Error) });
  });

  test('that goes on after a failed statement fails as a whole, and is not told as an unknown outcome', async () => {
    const work = await (await gateway.client()).work();
    const { account } = await orderFor(work);
    const failed = work.run(false, async (unit) => {
      await rename(unit, account.id, 'Half');
      await unit.db.connection.query('select 1 / 0').catch(() => {});
      return 'done';
    });
    await expect(failed).rejects.toThrow('was rolled back');
    expect(await nameOf(account.id)).toBe('Customer');
  });
});
