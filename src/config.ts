import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { ConfigError } from './config-error';
import { type StripeConfig, stripeOf } from './config-stripe';
import { type LimitName, type Limits, limits, tokenCost } from './domain/limits';
import { type GroupRights, GroupsError, groupRightsOf } from './http/auth/group-rights';
import { type SignIn, signInAt } from './http/auth/sign-in';
import { weaknessOf } from './http/auth/signing-key';
import { isWellFormed, serverList } from './store/connection/server-list';
import { isTooOld, oldestNode } from './version';

/**
 * The configuration. Only this file reads the environment. Every variable is optional. An invalid value stops the start
 * with one line that names the variable.
 */
export interface Config {
  production: boolean;
  port: number;
  host: string;
  /** Unset: an embedded PostgreSQL with demo data, under `dataDir`. */
  databaseUrl?: string;
  /** Read replicas of the database. */
  databaseReplicaUrls: readonly string[];
  dataDir: string;
  embeddedPostgresBin?: string;
  poolSize: number;
  preparedStatements: boolean;
  statementTimeoutMs: number;
  readStatementTimeoutMs: number;
  /** Signs our own tokens (HS256). Unset: a random key for the lifetime of the process. */
  jwtSigningKey?: string;
  /** The previous signing key. Tokens that it has signed are still accepted. */
  jwtSigningKeyPrevious?: string;
  /** An issuer whose tokens are accepted besides our own. */
  outside?: { issuer: string; audience: string; jwksUrl: string; maxLifetime: number; groups?: GroupRights };
  /** How people sign in to the board at that issuer. Unset: the board has no sign-in. */
  boardSignIn?: SignIn;
  /** Trusted proxies, whose X-Forwarded-For counts. Unset: none. */
  trustProxy?: string;
  /** Host names besides the local names, for a demo that others may see. */
  allowedHosts: readonly string[];
  /** The public origin of the gateway. Unset: the origin that a request came to. */
  publicUrl?: string;
  gatewayTimeoutMs: number;
  /** The accounts at Stripe that payments go to. Unset: payments go to the test gateway. */
  stripe?: StripeConfig;
  /** The most bill run chunks that this process works on at once. 0 leaves them to other processes. */
  billRunWorkers: number;
  /** Timeout for a request to arrive. */
  receiveTimeoutMs: number;
  /** How long a client may leave its reply unread. */
  sendTimeoutMs: number;
  /** The most bytes of replies that all clients together may leave unread. */
  maxUnsentTotal: number;
  /** Timeout of a stop, after which the process ends in any case. */
  stopTimeoutMs: number;
  /** Origins whose pages may call the API; `*` for all. */
  corsOrigins: readonly string[];
  /** Seconds for Strict-Transport-Security, for a gateway behind TLS; 0 leaves the header out. */
  hstsMaxAge: number;
  /** The limits of a request. */
  limits: Limits;
  /** Whether introspection is allowed. */
  introspection: boolean;
  /** Whether the graph is served as a subgraph of Apollo Federation 2. */
  federation: boolean;
  logLevel: string;
  /** The bearer token for /metrics. Unset: nobody may read /metrics, but for this machine on a demo. */
  metricsToken?: string;
  /** The target of traces; unset for no traces. The exporter itself reads the other OTEL_EXPORTER_OTLP_* variables. */
  tracing?: { endpoint: string; serviceName: string; ratio: number };
}

export { ConfigError };

const isPostgres = (url: string): boolean => /^postgres(ql)?:\/\//.test(url);

/** An origin exactly as browsers send it, because origins are compared as texts, without patterns. */
const isOrigin = (text: string): boolean =>
  /^https?:\/\/[^*]*$/.test(text) && URL.canParse(text) && new URL(text).origin === text;

/** A document fetched over plain HTTP may be forged, except from this machine. */
function isSafeUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  const isLoopback = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
  return !username && !password && (protocol === 'https:' || (protocol === 'http:' && isLoopback));
}

/**
 * The outside issuer needs all three variables. With one missing, tokens that nobody meant to accept would be accepted.
 */
function outsideOf(text: (name: string) => string | undefined, maxLifetime: number): Config['outside'] {
  const names = ['JWT_ISSUER', 'JWT_AUDIENCE', 'JWT_JWKS_URL'];
  const [issuer, audience, jwksUrl] = names.map(text);
  const groups = groupsOf(text('JWT_GROUPS'));
  if (!issuer && !audience && !jwksUrl) {
    if (groups) throw new ConfigError('JWT_GROUPS needs JWT_ISSUER, whose tokens name the groups.');
    return undefined;
  }
  if (!issuer || !audience || !jwksUrl) {
    const missing = names.filter((name) => !text(name));
    throw new ConfigError(`${missing.join(' and ')} must be set too: ${names.join(', ')} belong together.`);
  }
  if (!isSafeUrl(jwksUrl)) {
    throw new ConfigError(
      'JWT_JWKS_URL must be an https:// URL without user and password. The scheme http:// is allowed only for a loopback host.',
    );
  }
  return { issuer, audience, jwksUrl, maxLifetime, ...(groups && { groups }) };
}

/** The rights of groups, from JSON or from the file at a path. */
function groupsOf(value: string | undefined): GroupRights | undefined {
  if (value === undefined) return undefined;
  let json = value;
  if (/^\.?\//.test(value)) {
    try {
      json = readFileSync(value, 'utf8');
    } catch (error) {
      throw new ConfigError(`JWT_GROUPS is the path ${value}, which cannot be read. ${(error as Error).message}`);
    }
  } else if (!value.startsWith('{')) {
    throw new ConfigError(
      'JWT_GROUPS must be JSON that begins with {, or the path of a file that begins with / or ./.',
    );
  }
  try {
    return groupRightsOf(json);
  } catch (error) {
    if (error instanceof GroupsError) throw new ConfigError(`JWT_GROUPS is wrong. ${error.message}`);
    throw error;
  }
}

/** The board is a client of the outside issuer, so a client_id without an issuer means nothing. */
function boardSignInOf(clientId: string | undefined, outside: Config['outside']): SignIn | undefined {
  if (clientId === undefined) return undefined;
  if (!outside) throw new ConfigError('BOARD_CLIENT_ID needs JWT_ISSUER, at which people sign in to the board.');
  return signInAt(outside.issuer, outside.audience, clientId);
}

/** The address ranges that Fastify knows by name. */
const proxyRanges = ['loopback', 'linklocal', 'uniquelocal'];

function isProxy(part: string): boolean {
  const [address, bits, ...rest] = part.split('/');
  if (bits === undefined) return isIP(part) > 0 || proxyRanges.includes(part);
  const most = isIP(address) === 4 ? 32 : 128;
  return isIP(address) > 0 && rest.length === 0 && /^[1-9]\d*$/.test(bits) && Number(bits) <= most;
}

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'];

export function readConfig(
  env: Readonly<Record<string, string | undefined>>,
  node: string = process.versions.node,
): Config {
  if (isTooOld(node)) throw new ConfigError(`This is Node.js ${node}; ${oldestNode} or later is needed.`);
  const text = (name: string): string | undefined => env[name]?.trim() || undefined;
  const list = (name: string): string[] =>
    (text(name) ?? '')
      .split(',')
      .map((entry) => entry.trim())
      .filter(Boolean);
  const whole = (name: string, fallback: number, least: number, most: number): number => {
    const value = text(name);
    if (value === undefined) return fallback;
    const number = Number(value);
    if (!/^\d+$/.test(value) || number < least || number > most) {
      throw new ConfigError(`${name} is "${value}"; a whole number from ${least} to ${most} is allowed.`);
    }
    return number;
  };
  const oneOf = (name: string, fallback: string, allowed: string[]): string => {
    const value = text(name) ?? fallback;
    if (!allowed.includes(value)) throw new ConfigError(`${name} is "${value}"; ${allowed.join(', ')} are allowed.`);
    return value;
  };

  const endpoint = text('OTEL_EXPORTER_OTLP_ENDPOINT');
  if (endpoint !== undefined && !/^https?:$/.test(URL.canParse(endpoint) ? new URL(endpoint).protocol : '')) {
    throw new ConfigError(
      'OTEL_EXPORTER_OTLP_ENDPOINT must be an http:// or https:// URL, such as http://127.0.0.1:4318.',
    );
  }
  const serviceName = text('OTEL_SERVICE_NAME') ?? 'order-fulfillment-gateway';
  const ratio = Number(text('OTEL_TRACES_SAMPLER_ARG') ?? 1);
  if (!(ratio >= 0 && ratio <= 1)) throw new ConfigError('OTEL_TRACES_SAMPLER_ARG must be a number from 0 to 1.');

  const production = text('NODE_ENV') === 'production';
  const databaseUrl = text('DATABASE_URL');
  const gateway = oneOf('PAYMENT_GATEWAY', 'test', ['test', 'stripe']);
  const outside = outsideOf(text, whole('JWT_MAX_LIFETIME', 86_400, 60, 31_536_000));
  const config: Config = {
    production,
    port: whole('PORT', 4000, 0, 65_535),
    host: text('HOST') ?? '127.0.0.1',
    databaseUrl,
    databaseReplicaUrls: list('DATABASE_REPLICA_URLS'),
    dataDir: text('DATA_DIR') ?? '.data',
    embeddedPostgresBin: text('EMBEDDED_PG_BIN'),
    poolSize: whole('DATABASE_POOL', 10, 1, 1000),
    preparedStatements: oneOf('DATABASE_PREPARE', 'on', ['on', 'off']) === 'on',
    statementTimeoutMs: whole('STATEMENT_TIMEOUT_MS', 20_000, 100, 600_000),
    readStatementTimeoutMs: whole('READ_STATEMENT_TIMEOUT_MS', 10_000, 100, 600_000),
    jwtSigningKey: text('JWT_SIGNING_KEY'),
    jwtSigningKeyPrevious: text('JWT_SIGNING_KEY_PREVIOUS'),
    allowedHosts: list('ALLOWED_HOSTS'),
    outside,
    boardSignIn: boardSignInOf(text('BOARD_CLIENT_ID'), outside),
    trustProxy: text('TRUST_PROXY'),
    publicUrl: text('PUBLIC_URL'),
    gatewayTimeoutMs: whole('GATEWAY_TIMEOUT_MS', 5_000, 100, 60_000),
    stripe: stripeOf(env, { gateway, production, databaseUrl }, isSafeUrl),
    billRunWorkers: whole('BILL_RUN_WORKERS', 1, 0, 8),
    receiveTimeoutMs: whole('RECEIVE_TIMEOUT_MS', 30_000, 1_000, 600_000),
    sendTimeoutMs: whole('SEND_TIMEOUT_MS', 20_000, 1_000, 600_000),
    maxUnsentTotal: whole('MAX_UNSENT_TOTAL', 268_435_456, 1_048_576, 100_000_000_000),
    // Kubernetes allows 30 seconds, less 5 for a preStop hook that waits for the load balancer.
    stopTimeoutMs: whole('STOP_TIMEOUT_MS', 20_000, 1_000, 600_000),
    corsOrigins: list('CORS_ORIGINS'),
    hstsMaxAge: whole('HSTS_MAX_AGE', 0, 0, 63_072_000),
    limits: Object.fromEntries(
      Object.entries(limits).map(([name, { variable, standard, least, most }]) => [
        name,
        whole(variable, standard, least, most),
      ]),
    ) as Record<LimitName, number>,
    introspection: oneOf('INTROSPECTION', 'on', ['on', 'off']) === 'on',
    federation: oneOf('FEDERATION', 'off', ['on', 'off']) === 'on',
    logLevel: oneOf('LOG_LEVEL', 'info', logLevels),
    metricsToken: text('METRICS_TOKEN'),
    tracing: endpoint ? { endpoint, serviceName, ratio } : undefined,
  };
  if (config.limits.costPerMinute < config.limits.cost) {
    throw new ConfigError(
      'COST_PER_MINUTE must be at least MAX_COST. Otherwise an operation of that cost could never run.',
    );
  }
  if (config.limits.costPerMinute < config.limits.tokens * tokenCost) {
    throw new ConfigError(
      `COST_PER_MINUTE must be at least ${tokenCost} times MAX_TOKENS. Otherwise a document of so many tokens could never be read.`,
    );
  }
  if (config.databaseUrl && !isPostgres(config.databaseUrl)) {
    throw new ConfigError('DATABASE_URL must begin with postgres:// or postgresql://.');
  }
  try {
    if (config.databaseUrl) serverList(config.databaseUrl);
  } catch (error) {
    throw new ConfigError((error as Error).message);
  }
  for (const url of config.databaseReplicaUrls) {
    if (!isPostgres(url) || !isWellFormed(url)) {
      throw new ConfigError('DATABASE_REPLICA_URLS must be postgres:// URLs, separated by commas.');
    }
  }
  if (config.databaseReplicaUrls.length && !config.databaseUrl) {
    throw new ConfigError('DATABASE_REPLICA_URLS needs DATABASE_URL: the embedded database has no replicas.');
  }
  for (const origin of config.corsOrigins) {
    if (!isOrigin(origin) && (origin !== '*' || config.corsOrigins.length > 1)) {
      throw new ConfigError(
        `CORS_ORIGINS has "${origin}"; origins such as https://app.example.com are allowed, separated by commas, or * alone.`,
      );
    }
  }
  if (config.publicUrl !== undefined && !(isOrigin(config.publicUrl) && isSafeUrl(config.publicUrl))) {
    throw new ConfigError(
      `PUBLIC_URL is "${config.publicUrl}"; an origin such as https://gateway.example.com is allowed. The scheme http:// is allowed only for a loopback host.`,
    );
  }
  for (const [name, key] of Object.entries({
    JWT_SIGNING_KEY: config.jwtSigningKey,
    JWT_SIGNING_KEY_PREVIOUS: config.jwtSigningKeyPrevious,
  })) {
    const weakness = key && weaknessOf(key);
    if (weakness) throw new ConfigError(`${name} ${weakness}. Make a key with: openssl rand -base64 32`);
  }
  if (config.jwtSigningKeyPrevious && !config.jwtSigningKey) {
    throw new ConfigError('JWT_SIGNING_KEY_PREVIOUS needs JWT_SIGNING_KEY, which signs new tokens.');
  }
  if (config.metricsToken !== undefined && !/^[\w.~+/=-]{16,}$/.test(config.metricsToken)) {
    throw new ConfigError('METRICS_TOKEN must have at least 16 letters, digits or any of . _ ~ + / = -.');
  }
  if (!(config.trustProxy ?? 'loopback').split(',').every((part) => isProxy(part.trim()))) {
    throw new ConfigError(
      `TRUST_PROXY is "${config.trustProxy}"; IP addresses, ranges such as 10.0.0.0/8, and ${proxyRanges.join(', ')} are allowed, separated by commas.`,
    );
  }
  for (const host of config.allowedHosts) {
    if (!/^[a-z0-9.-]+$/i.test(host)) {
      throw new ConfigError(
        `ALLOWED_HOSTS has "${host}"; names such as demo.example.com are allowed, without port, separated by commas.`,
      );
    }
  }
  if (config.production && !config.databaseUrl) {
    throw new ConfigError(
      'NODE_ENV=production needs DATABASE_URL: the embedded database is for development and demos.',
    );
  }
  if (config.production && !config.jwtSigningKey) {
    throw new ConfigError('NODE_ENV=production needs JWT_SIGNING_KEY, a secret of at least 32 characters.');
  }
  return config;
}
