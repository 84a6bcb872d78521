import { ArgsType, type ClassType, Field, InputType } from 'type-graphql';
import type { Kind } from '../../store/query/filter';
import { enumNamed, enumType, OrderDirectionEnum } from '../enums';
import { DateFilter, DateTimeFilter, DecimalFilter, enumFilters, IDFilter, StringFilter } from '../filters';
import { type ListedNoun, listedNouns, lists } from '../model/lists';
import { listOf, nouns } from '../model/nouns';
import { PageArgs } from './connection-types';
import { enumName } from './forms';

/* The arguments of the lists of the root: filters, orders and pages. */

/** The type of a filter field by its kind; `type` is the SQL type of the column. */
const inputOf: { readonly [K in Kind]: (type: string) => object } = {
  id: () => IDFilter,
  text: () => StringFilter,
  day: () => DateFilter,
  instant: () => DateTimeFilter,
  number: () => DecimalFilter,
  oneOf: (type) => enumFilters[enumName(type)],
  equals: (type) => (type === 'text' ? String : enumNamed(enumName(type))),
  holds: () => Boolean,
};

function filterOf(noun: ListedNoun): ClassType<object> {
  const { plural, filters } = lists[noun];
  class Filter {}
  InputType(`${nouns[noun].typename}Filter`, {
    description: `Conditions on ${plural}. All given conditions must hold; none may be null.`,
  })(Filter);
  for (const [field, { kind, type }] of Object.entries(listOf(noun).filters)) {
    const input = inputOf[kind](type ?? '') as ClassType<object>;
    Field(() => input, { nullable: true, description: filters[field] })(Filter.prototype, field);
  }
  return Filter;
}

function orderOf(noun: ListedNoun): ClassType<object> {
  const { plural, sorts } = lists[noun];
  const { typename } = nouns[noun];
  const fields = enumType(`${typename}OrderField`, `The fields that a list of ${plural} can be sorted by.`, sorts);
  class Order {}
  InputType(`${typename}Order`, { description: `How ${plural} are sorted; ties are broken by id.` })(Order);
  Field(() => fields, { description: 'Field to sort by; ties are broken by id.' })(Order.prototype, 'field');
  Field(() => OrderDirectionEnum, {
    defaultValue: 'DESC',
    description: 'Whether the smallest or the largest value comes first.',
  })(Order.prototype, 'direction');
  return Order;
}

function argumentsOf(noun: ListedNoun): ClassType<PageArgs> {
  const order = orderOf(noun);
  class Arguments extends PageArgs {}
  ArgsType()(Arguments);
  Field(() => filterTypes[noun], {
    nullable: true,
    description: 'Conditions to filter by. If absent, all objects that the caller sees.',
  })(Arguments.prototype, 'filter');
  Field(() => order, { nullable: true, description: lists[noun].orderBy })(Arguments.prototype, 'orderBy');
  return Arguments;
}

const ofEach = <T>(make: (noun: ListedNoun) => T): Record<ListedNoun, T> =>
  Object.fromEntries(listedNouns.map((noun) => [noun, make(noun)])) as Record<ListedNoun, T>;

/** The filter of each list, for other fields that take it. */
export const filterTypes = ofEach(filterOf);
export const pageArguments = ofEach(argumentsOf);
