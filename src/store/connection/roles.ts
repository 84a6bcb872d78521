/*
 * The roles of the gateway. None of them owns anything or may log in. The user of DATABASE_URL owns the tables,
 * migrates, and lends each session the role that it needs. migrations/...-row-security.ts defines the rights of each
 * role, and docs/security.md explains them.
 */

/**
 * Transactions on behalf of a caller. Reads and writes rows of one scope only, which is set when the transaction
 * begins.
 */
export const appRole = 'order_gateway_app';

/** Queries outside transactions, on the primary and on replicas. Can read, and write nothing. */
export const readerRole = 'order_gateway_reader';

/** Data of no single tenant: clients, open bill runs, payments and refunds of all entities, and expired data. */
export const systemRole = 'order_gateway_system';
