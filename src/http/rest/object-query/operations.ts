import { type Operation, operation, type QueryParameter } from '../operation';
import { Made, Optional } from '../shape';
import { operators } from './filters';
import { type Askable, longestPage } from './parameters';
import { Reader } from './reader';
import { type View, views } from './views';

const texts = { type: 'array', items: { type: 'string' } };
const nextPage = new Optional(
  new Made({ type: 'string', description: 'The cursor of the next page. Absent on the last page.' }, () => ''),
);

/** The published queries of objects: of each view a list, and one object by its key. */
export const objectQueryOperations: readonly Operation[] = views.flatMap((view) => {
  const reader = new Reader(view);
  const noun = view.object.type;
  return [
    operation({
      ...{ method: 'GET', path: `/object-query/${view.path}`, scope: 'read', noun, bare: true },
      summary: `Query ${view.called}s`,
      query: parameters(reader.askable, view),
      judgesParameters: true,
      reply: { nextPage, data: [view.object, 'The objects of this page.'] },
      act: (work, asked) => reader.page(work, asked),
    }),
    operation({
      ...{ method: 'GET', path: `/object-query/${view.path}/{key}`, scope: 'read', noun, bare: true },
      summary: `Query ${/^[aeiou]/.test(view.called) ? 'an' : 'a'} ${view.called}`,
      query: ofOne(parameters(reader.askable, view)),
      judgesParameters: true,
      reply: view.object,
      act: (work, asked) => reader.one(work, asked),
    }),
  ];
});

/** The parameters of a view. What can be named in them follows from the view. */
function parameters({ filters, sorts, expansions }: Askable, { parents }: View): Record<string, QueryParameter> {
  const needed = parents ? ` One with EQ is needed, of ${Object.keys(filters).join(', ')}.` : '';
  return {
    pageSize: {
      description: 'How many objects a page has at most. Expanded lists are cut at it too.',
      schema: { type: 'integer', minimum: 1, maximum: longestPage, default: 10 },
    },
    cursor: {
      description: 'The nextPage of the page before, with the other parameters as they were.',
      schema: { type: 'string' },
    },
    'filter[]': {
      description: `\`<field>.<operator>:<value>\`; all must hold. Fields: ${Object.keys(filters).join(', ')}. Operators: ${operators.join(', ')}.${needed}`,
      schema: texts,
      ...(parents && { required: true, example: [`${Object.keys(parents)[0]}.EQ:4028828c82819b740182821bb23e15c4`] }),
    },
    'sort[]': {
      description: `\`<field>.ASC\` or \`<field>.DESC\`, once. Fields: ${Object.keys(sorts).join(', ') || 'none'}.`,
      schema: { ...texts, maxItems: 1 },
    },
    'expand[]': { description: `Objects to add: ${expansions.join(', ') || 'none'}.`, schema: texts },
    'fields[]': {
      description: 'The fields to show. `<object>.fields[]` names those of an expanded object.',
      schema: texts,
    },
    includeNullFields: {
      description: 'Whether fields without a value are shown.',
      schema: { type: 'boolean', default: false },
    },
  };
}

/** Those that make sense of one object. */
function ofOne({ pageSize, ...rest }: Record<string, QueryParameter>): Record<string, QueryParameter> {
  return {
    pageSize,
    'expand[]': rest['expand[]'],
    'fields[]': rest['fields[]'],
    includeNullFields: rest.includeNullFields,
  };
}
