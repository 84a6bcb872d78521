import { Client } from 'pg';
import { endSoon, leadTo } from './driven';
import { faultOf, ReadOnlyServer } from './failure';
import { type Server, type ServerList, serverList } from './server-list';

/** Timeout for connecting to a server, and for its answer. */
const answerMs = 2_000;
/** Once a primary has answered, another one may still answer for so long. */
const graceMs = 200;
/** The shortest time from a look that found nothing to the next. */
const betweenMs = 250;

/**
 * The cluster of a server, and its timeline as 8 hexadecimal digits; null if it takes no writes. A promotion begins the next
 * timeline. So of two servers that both take writes, the one with the higher timeline is the later primary.
 */
const stateText = `select system_identifier::text as cluster, case
    when pg_is_in_recovery() or current_setting('transaction_read_only')::boolean then null
    else substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) end as timeline
  from pg_control_system()`;

/** The server of a connection where there are several, and who found it. */
export interface Found {
  server: Server;
  finder: PrimaryFinder;
}

interface State {
  cluster: string;
  timeline: string | null;
}

interface Primary {
  server: Server;
  cluster: string;
  timeline: string;
}

/**
 * Finds the server of a list that takes writes. The answer is kept until somebody says that it is wrong (`leave`). Then all
 * servers are asked at once: one that is frozen does not delay the others.
 *
 * A server that was replaced may still take writes, because nobody could tell it. They would be lost. So once a later primary
 * was seen, an earlier one is refused, even while no other server answers.
 */
export class PrimaryFinder {
  private present: Server | undefined;
  private looking: Promise<Server> | undefined;
  private looked = Number.NEGATIVE_INFINITY;
  /** The latest timeline that was seen, by cluster. */
  private readonly latest = new Map<string, string>();

  constructor(private readonly list: ServerList) {}

  /** @throws ReadOnlyServer if servers answer and none takes writes; else the error of one of them */
  find(): Promise<Server> {
    if (this.present) return Promise.resolve(this.present);
    this.looking ??= this.look().finally(() => {
      this.looking = undefined;
    });
    return this.looking;
  }

  /** A server is not reached, or takes no writes. The next `find` looks anew. */
  leave(server: Server): void {
    if (this.present === server) this.present = undefined;
  }

  private async look(): Promise<Server> {
    const pause = this.looked + betweenMs - performance.now();
    if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
    const { servers, name } = this.list;
    const found: Primary[] = [];
    const errors: unknown[] = [];
    let grace = () => {};
    const soon = new Promise<void>((resolve) => {
      grace = () => void setTimeout(resolve, graceMs).unref();
    });
    const all = servers.map(async (server) => {
      try {
        const { cluster, timeline } = await this.stateOf(server);
        if (timeline === null) throw new ReadOnlyServer(`none of ${name} takes writes`);
        if (timeline < (this.latest.get(cluster) ?? ''))
          throw new ReadOnlyServer(
            `none of ${name} takes writes but ${server.host}:${server.port}, which was replaced as primary`,
          );
        found.push({ server, cluster, timeline });
        grace();
      } catch (error) {
        errors.push(error);
      }
    });
    await Promise.race([soon, Promise.all(all)]);
    this.looked = performance.now();
    if (!found.length) throw worst(errors);
    const { server, cluster, timeline } = found.reduce((one, other) => (other.timeline > one.timeline ? other : one));
    this.latest.set(cluster, timeline);
    this.present = server;
    return server;
  }

  private async stateOf(server: Server): Promise<State> {
    const client = new Client({
      connectionString: this.list.url,
      connectionTimeoutMillis: answerMs,
      query_timeout: answerMs,
      application_name: 'order-fulfillment-gateway looking for the primary',
    });
    client.on('error', () => {});
    leadTo(client, server);
    try {
      await client.connect();
      return (await client.query<State>(stateText)).rows[0];
    } finally {
      endSoon(client);
      client.end().catch(() => {});
    }
  }
}

/** What says most of why there is no primary: a wrong password, then a standby, then a server that is away. */
const worst = (errors: readonly unknown[]): unknown =>
  errors.find((error) => faultOf(error) !== 'unavailable') ??
  errors.find((error) => error instanceof ReadOnlyServer) ??
  errors[0];

const finders = new Map<string, PrimaryFinder>();

/** The finder of a database URL, one for all connections of the process. Undefined where the URL names one server. */
export function primaryOf(url: string): PrimaryFinder | undefined {
  const list = serverList(url);
  if (!list.servers.length) return undefined;
  const finder = finders.get(url) ?? new PrimaryFinder(list);
  finders.set(url, finder);
  return finder;
}
