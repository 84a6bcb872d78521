/** A server of a list. */
export interface Server {
  host: string;
  port: number;
}

/** What a database URL names: one server, or several of which one takes writes. */
export interface ServerList {
  /** The URL with the first server alone, as the driver understands it. */
  url: string;
  servers: readonly Server[];
  /** The servers, for messages. */
  name: string;
}

const standardPort = 5432;
/** The gateway writes, so these are the only values of libpq that make sense. */
const sessionAttributes = ['read-write', 'primary'];

/**
 * Reads a database URL. Several servers are written as libpq has them:
 * postgres://user@db1:5432,db2:5432/gateway?target_session_attrs=read-write
 * @throws Error that says what DATABASE_URL may be
 */
export function serverList(url: string): ServerList {
  const [, scheme, authority, rest] = /^(\w+:\/\/)([^/?#]*)(.*)$/s.exec(url) ?? [];
  if (authority === undefined) throw new Error('DATABASE_URL must be a URL.');
  const at = authority.lastIndexOf('@') + 1;
  const names = authority.slice(at).split(',');
  const alone = scheme + authority.slice(0, at) + names[0] + withoutAttributes(rest);
  const servers = names.length > 1 ? names.map(serverOf) : [];
  if (!isWellFormed(alone)) {
    throw new Error(
      'DATABASE_URL is no valid URL. Its form is postgres://user:password@host:5432/database. In user and password, %23 stands for #, %2F for /, %3F for ?, %40 for @ and %25 for %.',
    );
  }
  if (servers.length) return { url: alone, servers, name: names.join(', ') };
  const { host, searchParams } = new URL(alone);
  return { url: alone, servers, name: host || (searchParams.get('host') ?? 'localhost') };
}

/** Whether the driver can take a URL apart. The driver decodes user, password and path. */
export function isWellFormed(text: string): boolean {
  try {
    const { username, password, pathname } = new URL(text);
    return [username, password, pathname].map(decodeURIComponent).length > 0;
  } catch {
    return false;
  }
}

function serverOf(name: string): Server {
  const [, host, port] = /^(\[[^\]]+\]|[^:[\]]+)(?::(\d{1,5}))?$/.exec(name) ?? [];
  if (!host || Number(port ?? 1) < 1 || Number(port ?? 1) > 65_535) {
    throw new Error(
      `DATABASE_URL names the server "${name}"; servers such as db1.example.com:5432 are allowed, separated by commas.`,
    );
  }
  return { host: host.replace(/^\[|\]$/g, ''), port: port ? Number(port) : standardPort };
}

/** What follows the servers in a URL, without what only libpq understands. */
function withoutAttributes(rest: string): string {
  const [path, query] = rest.split(/\?(.*)/s);
  if (!query?.includes('target_session_attrs')) return rest;
  const parameters = new URLSearchParams(query);
  const wanted = parameters.get('target_session_attrs') ?? '';
  if (!sessionAttributes.includes(wanted)) {
    throw new Error(
      `DATABASE_URL has target_session_attrs=${wanted}; the gateway writes, so ${sessionAttributes.join(' and ')} are allowed.`,
    );
  }
  parameters.delete('target_session_attrs');
  return parameters.size ? `${path}?${parameters}` : path;
}
