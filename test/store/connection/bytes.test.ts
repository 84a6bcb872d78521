import type { PoolClient } from 'pg';
import { Parser } from 'pg-protocol/dist/parser';
import { bytesColumn } from '../../../src/store/connection/bytes';
import { Connection } from '../../../src/store/connection/connection';
import { type TestDatabase, testDatabase } from '../../support/database';

let database: TestDatabase;
let client: PoolClient;
let connection: Connection;
beforeAll(async () => {
  database = await testDatabase();
  client = await database.db.reading.pool.connect();
  connection = new Connection(client);
}, 60_000);
afterAll(async () => {
  client.release(true);
  await database.close();
});

const bytes = (text: string, values: unknown[] = []) =>
  connection.bytes(`select ${text} as ${bytesColumn}`, [...values]);

test('values are the bytes that PostgreSQL sends, whatever is in them; null stays null', async () => {
  const text = 'é\u2028 \u{1f600} "\\ \u0001';
  const [first, second, third] = await bytes(`$1::text as ${bytesColumn}, null, 7`, [text]);
  expect(first).toEqual(Buffer.from(text));
  expect(second).toBeNull();
  expect(third).toEqual(Buffer.from('7'));
});

test('values longer than what arrives at a time stay whole, and what comes later leaves them alone', async () => {
  const kept: (Buffer | string | null)[] = [];
  for (let n = 1; n <= 20; n++) kept.push((await bytes(`repeat($1::text, ${n * 40_000})`, [String(n % 10)]))[0]);
  kept.forEach((value, at) => {
    expect(value).toHaveLength((at + 1) * 40_000);
    expect(value!.toString()).toBe(String((at + 1) % 10).repeat((at + 1) * 40_000));
  });
});

test('other statements on the connection have their values as ever, also after a failure', async () => {
  await bytes("'x'");
  expect(await connection.query("select 1 as n, null as nothing, date '2022-01-02' as day")).toEqual([
    { n: 1, nothing: null, day: '2022-01-02' },
  ]);
  await expect(bytes("'x'::text::integer::text")).rejects.toMatchObject({ code: '22P02' });
  expect(await connection.query('select array[1, 2] as list')).toEqual([{ list: [1, 2] }]);
  expect(await bytes("'y'")).toEqual([Buffer.from('y')]);
});

test('a value stays as it is when the parser reads later messages into the same buffer', () => {
  const message = (code: string, body: Buffer) => {
    const head = Buffer.alloc(5, code, 'latin1');
    head.writeInt32BE(body.length + 4, 1);
    return Buffer.concat([head, body]);
  };
  const integers = (...of: [size: 2 | 4, value: number][]) =>
    Buffer.concat(
      of.map(([size, value]) => {
        const bytes = Buffer.alloc(size);
        bytes.writeIntBE(value, 0, size);
        return bytes;
      }),
    );
  const value = Buffer.alloc(1_000, 'x');
  const field = [Buffer.from(`${bytesColumn}\0`), integers([4, 0], [2, 0], [4, 25], [2, -1], [4, -1], [2, 0])];
  const row = message('D', Buffer.concat([integers([2, 1], [4, value.length]), value]));
  const later = message('C', Buffer.from(`${'SELECT 1'.repeat(50)}\0`));
  const all = Buffer.concat([message('T', Buffer.concat([integers([2, 1]), ...field])), row, later]);
  // What comes first ends within the later message, whose rest the parser then moves to the beginning of the buffer.
  const cut = all.length - later.length + 3;
  const parser = new Parser();
  const rows: unknown[] = [];
  const note = (read: unknown) =>
    rows.push(...((read as { fields?: unknown[]; name: string }).name === 'dataRow' ? [read] : []));
  parser.parse(Buffer.from(all.subarray(0, cut)), note);
  parser.parse(Buffer.from(all.subarray(cut)), note);
  expect(rows).toMatchObject([{ fields: [value] }]);
});
