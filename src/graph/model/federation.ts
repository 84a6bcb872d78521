import { allNouns, nouns, numberOf } from './nouns';

/* The graph as a subgraph of Apollo Federation 2: what routers must know beyond the schema itself. */

/** The first version has all that is used here, so that every router of Federation 2 takes it. */
export const federationSpec = 'https://specs.apollo.dev/federation/v2.0';

const numbers = new Map(allNouns.map((noun) => [nouns[noun].typename as string, numberOf(noun)]));

/**
 * The keys of an entity, a type that implements Node: each names one object for a caller, whose requests see one entity
 * of the tenant. A business number is unique there.
 */
export function keysOf(typename: string): readonly string[] {
  const number = numbers.get(typename);
  return number === undefined ? ['id'] : ['id', number];
}

/** Types that other subgraphs may have too: one by the rules of Relay, the others plain values with common names. */
export const shareable: readonly string[] = ['PageInfo', 'Entity', 'Org', 'PaymentMethod', 'TaxCode', 'UnitOfMeasure'];
