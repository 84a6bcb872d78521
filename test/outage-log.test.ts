import { PassThrough } from 'node:stream';
import { Client } from 'pg';
import { pino } from 'pino';
import { RequestError } from '../src/domain/errors';
import { logOutages } from '../src/outage-log';
import { tellOutage } from '../src/service/run/outage';
import { translated } from '../src/service/run/services';

/** What PostgreSQL's driver really says of a server that is not there. */
const refused = (): Promise<unknown> =>
  new Client('postgres://nobody@127.0.0.1:1/none').connect().catch((error) => error);

const quietMs = 200;
let lines: Record<string, unknown>[];
let end: () => void;
beforeEach(() => {
  lines = [];
  const out = new PassThrough();
  out.on('data', (chunk) =>
    lines.push(
      ...String(chunk)
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ),
  );
  end = logOutages(pino(out), quietMs);
});
afterEach(() => end());
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test('an outage is one line at its begin and one at its end, which counts each failure once', async () => {
  for (let each = 0; each < 3; each++) {
    const error = await refused();
    expect([tellOutage(error), tellOutage(translated(error))]).toEqual([true, true]);
    await pause(quietMs / 2);
  }
  expect(lines).toEqual([expect.objectContaining({ level: 50, outage: 'away', code: 'ECONNREFUSED' })]);
  while (lines.length < 2) await pause(10);
  expect(lines[1]).toMatchObject({ level: 30, outage: 'away', failures: 3 });
  tellOutage(await refused());
  expect(lines.map(({ outage, level }) => [outage, level])).toEqual([
    ['away', 50],
    ['away', 30],
    ['away', 50],
  ]);
});

test('failures that no outage has caused are left to their own lines', () => {
  const stopping = new RequestError('UNAVAILABLE', 'The server is stopping.');
  const unknown = new RequestError(
    'OUTCOME_UNKNOWN',
    undefined,
    Object.assign(new Error('lost'), { code: 'ECONNRESET' }),
  );
  for (const error of [stopping, unknown, new Error('a bug'), undefined, 'text']) expect(tellOutage(error)).toBe(false);
  expect(lines).toEqual([]);
});
