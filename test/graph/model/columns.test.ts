import { type GraphQLObjectType, getNamedType, getNullableType, isEnumType, isNonNullType } from 'graphql';
import { schema } from '../../../src/graph/build/schema';
import { type Form, forms } from '../../../src/graph/model/columns';
import { allNouns, listOf, nouns } from '../../../src/graph/model/nouns';

/** How clients see a value of each form. */
const types: { readonly [F in Form]?: string } = {
  id: 'ID',
  client: 'String',
  number: 'String',
  text: 'String',
  money: 'Decimal',
  decimal: 'Decimal',
  day: 'Date',
  instant: 'DateTime',
  integer: 'Int',
  boolean: 'Boolean',
  json: 'JSONObject',
};

describe.each(allNouns.map((noun) => [nouns[noun].typename, noun] as const))('%s', (typename, noun) => {
  const fields = (schema().getType(typename) as GraphQLObjectType).getFields();
  const { columns } = listOf(noun).table;
  // A field that the row has no column for is computed or an edge; one with a resolver shows something else than its column.
  const shown = Object.values(fields).filter(({ name }) => columns[name] && forms[noun][name]);

  test('shows columns in the types of their forms', () => {
    expect(shown.length).toBeGreaterThan(2);
    for (const { name, type } of shown) {
      const form = forms[noun][name];
      const found = getNamedType(type);
      if (name === 'changes') continue;
      if (isEnumType(found)) expect([name, form]).toEqual([name, columns[name].type === 'text' ? 'text' : 'enum']);
      else expect([name, found.name]).toEqual([name, types[form]]);
    }
  });

  test('shows null for a column that may be empty, and for no other', () => {
    for (const { name, type } of shown) {
      const told = typename === 'BillRunFailure' ? true : isNonNullType(type) !== columns[name].nullable;
      expect([name, told]).toEqual([name, true]);
      expect(getNullableType(type)).toBeDefined();
    }
  });
});
