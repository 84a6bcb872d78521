/*
 * What the gateway works under. None of these roles owns anything or may log in: the user of DATABASE_URL owns the tables,
 * migrates, and lends each session the role that it needs. Who may do what is written in migrations/...-row-security.ts
 * and told in docs/security.md.
 */

/** Transactions on behalf of a caller: reads and writes the rows of one scope, which is set with their beginning, and no other. */
export const appRole = 'order_gateway_app';

/** Queries outside of a transaction, on the primary and on replicas: reads, and can write nothing at all. */
export const readerRole = 'order_gateway_reader';

/** What belongs to no tenant alone: who the clients are, which bill runs, payments and refunds are left to carry on, what is old. */
export const systemRole = 'order_gateway_system';
