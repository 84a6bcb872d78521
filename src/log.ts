import { type Logger, pino } from 'pino';
import { type GatewayCall, gatewayCalls, outcomeOf } from './gateway/port';
import { outcomeOfAttempt, type WebhookAttempt, webhookAttempts } from './gateway/webhook';
import { type ChunkWork, chunkWork } from './service/bill-run-worker';
import { summaryOf } from './statement';
import { type StatementRun, statements } from './store/connection/connection';
import { statementName } from './store/connection/prepared';

/**
 * An error as logged: the fields that identify a fault, without other properties that libraries add. PostgreSQL's
 * `detail` is the failed row, and Node's `rawPacket` is the request with its token.
 */
function logged(thrown: unknown): object {
  if (typeof thrown !== 'object' || thrown === null) return { message: String(thrown) };
  const error = thrown as AggregateError & Record<'code' | 'table' | 'column' | 'constraint', string | undefined>;
  const { name: type, message, stack, code, table, column, constraint, cause, errors } = error;
  return {
    ...{ type, message, stack, code, table, column, constraint },
    ...(cause !== undefined && { cause: logged(cause) }),
    ...(Array.isArray(errors) && { errors: errors.map(logged) }),
  };
}

const millisecondsSince = (began: number): number => Math.round((performance.now() - began) * 10) / 10;

/**
 * The log of the process, one line of JSON for each entry. info: each request. debug: also each statement, each payment
 * gateway call and each chunk of a bill run. trace: also the text of statements. No level logs values. `level` can be
 * changed at any time.
 */
export function openLog(level: string): { log: Logger; setLevel(level: string): void } {
  // Buffered: a write for each request was a tenth of the cost of a small query. The rest is flushed every second, and
  // when the process ends.
  const destination = pino.destination({ minLength: 4096, periodicFlush: 1000 });
  const log = pino({ level, serializers: { err: logged } }, destination);

  const onStatement = (message: unknown) => {
    const { text, requestId, began, result, error } = message as StatementRun;
    const { rowCount } = (result ?? {}) as { rowCount?: number | null };
    log.debug(
      {
        statement: statementName(text),
        summary: summaryOf(text),
        ...(log.isLevelEnabled('trace') && { text }),
        ...(typeof rowCount === 'number' && { rows: rowCount }),
        ...(error !== undefined && { code: (error as { code?: string }).code ?? 'UNKNOWN' }),
        milliseconds: millisecondsSince(began),
        requestId,
      },
      'statement',
    );
  };
  const onCall = (message: unknown) => {
    const { call, provider, key, began } = message as GatewayCall;
    const outcome = outcomeOf(message as GatewayCall);
    log.debug({ provider, call, attempt: key, outcome, milliseconds: millisecondsSince(began) }, 'payment gateway');
  };
  const onChunk = (message: unknown) => {
    const { run, phase, carefully, began, error } = message as ChunkWork;
    const outcome = error === undefined ? 'done' : 'failed';
    log.debug({ run, phase, carefully, outcome, milliseconds: millisecondsSince(began) }, 'bill run chunk');
  };

  const onWebhook = (message: unknown) => {
    const { endpointId, deliveryId, began, result } = message as WebhookAttempt;
    const outcome = outcomeOfAttempt(message as WebhookAttempt);
    const { status, error } = result ?? {};
    log.debug({ endpointId, deliveryId, outcome, status, error, milliseconds: millisecondsSince(began) }, 'webhook');
  };

  let told = false;
  const setLevel = (wanted: string) => {
    log.level = wanted;
    if (told === log.isLevelEnabled('debug')) return;
    told = !told;
    const change = told ? 'subscribe' : 'unsubscribe';
    statements.asyncEnd[change](onStatement);
    gatewayCalls.asyncEnd[change](onCall);
    chunkWork.asyncEnd[change](onChunk);
    webhookAttempts.asyncEnd[change](onWebhook);
  };
  setLevel(level);
  return { log, setLevel };
}
