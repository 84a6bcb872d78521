import { pino } from 'pino';
import { RequestLog } from '../../src/http/request-log';

const lines: Record<string, unknown>[] = [];
const root = pino(
  { base: null, timestamp: false, level: 'trace' },
  { write: (line: string) => lines.push(JSON.parse(line)) },
);
const log = new RequestLog(root, { requestId: 'r' }).child({ clientId: 'c' });
beforeEach(() => lines.splice(0));

test('each line of a request says whose request it is, at every level', () => {
  for (const level of ['fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const)
    log[level]({ status: 200 }, 'said');
  const said = { requestId: 'r', clientId: 'c', status: 200, msg: 'said' };
  expect(lines).toEqual([60, 50, 40, 30, 20, 10].map((level) => ({ level, ...said })));
});

test('what is said of the line itself comes before what is known of the request', () => {
  log.info({ clientId: 'other' });
  expect(lines).toEqual([{ level: 30, requestId: 'r', clientId: 'other' }]);
});

test('a text alone, a text with values and an error are logged as pino logs them', () => {
  log.info('alone');
  log.info('%s of %d', 'one', 2);
  log.error(new Error('failed'));
  log.error(new Error('failed'), 'told so');
  expect(lines.map(({ msg }) => msg)).toEqual(['alone', 'one of 2', 'failed', 'told so']);
  for (const line of lines) expect(line).toMatchObject({ requestId: 'r', clientId: 'c' });
  expect(lines[2].err).toMatchObject({ type: 'Error', message: 'failed' });
});

test('the level is that of the process, also where it changes during a request', () => {
  root.level = 'warn';
  log.info('not said');
  root.level = 'trace';
  log.info('said');
  expect(lines.map(({ msg }) => msg)).toEqual(['said']);
  expect(log.level).toBe('trace');
});
