import {
  type ASTNode,
  type DirectiveNode,
  type DocumentNode,
  type FragmentDefinitionNode,
  GraphQLError,
  Kind,
  Lexer,
  OperationTypeNode,
  parse,
  type SelectionSetNode,
  Source,
  TokenKind,
} from 'graphql';
import { RequestError } from '../../domain/errors';
import { LimitError, type LimitName, type Limits } from '../../domain/limits';

/** Takes the price of a document that is read, by its tokens. @throws LimitError RATE_LIMITED */
export type Pay = (tokens: number) => void;

/**
 * The limits that depend on the document alone, not on its variables. They are checked before validation, because
 * validation compares overlapping fields in pairs, and follows fragments by recursion.
 */
export class DocumentLimits {
  constructor(
    private readonly limits: Limits,
    /** Whether the schema is shown. */
    readonly introspection: boolean,
  ) {}

  /** The longest page. */
  get pageSize(): number {
    return this.limits.pageSize;
  }

  /**
   * Parses a text that is within the limits. `pay` is told of its tokens before anything else is done, also of a text that is
   * then refused.
   * @throws GraphQLError if the text is no GraphQL
   * @throws LimitError QUERY_TOO_COMPLEX
   * @throws RequestError FORBIDDEN for introspection, if it is off
   */
  parse(text: string, pay: Pay = () => {}): DocumentNode {
    // Before parsing, because the parser enters brackets by recursion.
    const { tokens, nesting, nameLength } = scan(text, this.limits);
    pay(Math.min(tokens, this.limits.tokens + 1));
    this.judge('tokens', tokens);
    this.judge('nameLength', nameLength);
    this.judge('nesting', nesting);
    const document = parse(text, { maxTokens: this.limits.tokens });
    this.measure(document);
    return document;
  }

  private measure(document: DocumentNode): void {
    this.judge('definitions', document.definitions.length);
    const measuring = new Measuring(document);
    this.judge('directives', measuring.directives);
    for (const { name, written } of counted) this.judge(name, measuring[written]);
    for (const node of document.definitions) {
      if (node.kind !== Kind.OPERATION_DEFINITION) continue;
      const { depth, top, ...measured } = measuring.of(node.selectionSet);
      for (const { name } of counted) this.judge(name, measured[name]);
      this.judge('depth', depth);
      this.judge(node.operation === OperationTypeNode.MUTATION ? 'mutations' : 'rootFields', top);
    }
    if (measuring.introspects && !this.introspection) {
      throw new RequestError(
        'FORBIDDEN',
        'Introspection is off on this server: __schema and __type are not allowed. Ask the operator for schema.graphql.',
      );
    }
  }

  private judge(name: LimitName, has: number): void {
    const allowed = this.limits[name];
    if (has <= allowed) return;
    throw new LimitError(
      { limit: name, allowed, requested: has },
      `The document has ${has} ${words[name]}; ${allowed} ${allowed === 1 ? 'is' : 'are'} allowed.`,
    );
  }
}

const words: Partial<Record<LimitName, string>> = {
  tokens: 'or more tokens',
  nameLength: 'characters in one name',
  nesting: 'or more levels of brackets',
  definitions: 'operations and fragments',
  directives: 'directives',
  aliases: 'aliases, counted at each spread of their fragments',
  fields: 'fields, counted at each spread of their fragments',
  depth: 'levels of fields',
  rootFields: 'root fields in one query',
  mutations: 'mutations in one request',
};

const counted = [
  { name: 'aliases', written: 'writtenAliases' },
  { name: 'fields', written: 'writtenFields' },
] as const;

const opening: readonly string[] = [TokenKind.BRACE_L, TokenKind.BRACKET_L, TokenKind.PAREN_L];
const closing: readonly string[] = [TokenKind.BRACE_R, TokenKind.BRACKET_R, TokenKind.PAREN_R];

/** Counts until a limit is passed, or until a text that is no token: the parser reports that error better. */
function scan(text: string, limits: Limits): { tokens: number; nesting: number; nameLength: number } {
  const lexer = new Lexer(new Source(text));
  // Comments count as tokens, because the lexer skips them without stopping: 650,000 took more than a second.
  let tokens = commentsIn(text);
  let open = 0;
  let nesting = 0;
  let nameLength = 0;
  while (tokens <= limits.tokens && nesting <= limits.nesting && nameLength <= limits.nameLength) {
    const kind = kindOfNext(lexer);
    if (kind === undefined || kind === TokenKind.EOF) break;
    tokens++;
    if (kind === TokenKind.NAME) nameLength = Math.max(nameLength, lexer.token.end - lexer.token.start);
    if (opening.includes(kind)) nesting = Math.max(nesting, ++open);
    else if (closing.includes(kind)) open--;
  }
  return { tokens, nesting, nameLength };
}

/** An upper bound: a # inside a text counts as well. */
function commentsIn(text: string): number {
  let count = 0;
  for (let at = text.indexOf('#'); at >= 0; at = text.indexOf('#', at + 1)) count++;
  return count;
}

function kindOfNext(lexer: Lexer): TokenKind | undefined {
  try {
    return lexer.advance().kind;
  } catch (error) {
    if (error instanceof GraphQLError) return undefined;
    throw error;
  }
}

interface Measured {
  depth: number;
  fields: number;
  aliases: number;
  /** Number of fields at the top level, through fragments. __typename costs nothing there. */
  top: number;
}

const nothing: Measured = { depth: 0, fields: 0, aliases: 0, top: 0 };
/** Upper bound of a sum: thirty fragments that double one another reach more than a reply should print. */
const most = Number.MAX_SAFE_INTEGER;
const sum = (one: number, other: number): number => Math.min(one + other, most);

/**
 * Each fragment is measured once, so that fragments that spread one another again and again take no longer than others.
 */
class Measuring {
  writtenFields = 0;
  writtenAliases = 0;
  directives = 0;
  introspects = false;
  private readonly fragments = new Map<string, FragmentDefinitionNode>();
  private readonly measured = new Map<string, Measured>();

  constructor(document: DocumentNode) {
    for (const node of document.definitions) {
      if (node.kind === Kind.FRAGMENT_DEFINITION) this.fragments.set(node.name.value, node);
      this.countWritten(node);
    }
  }

  private countWritten(
    node: ASTNode & { directives?: readonly DirectiveNode[]; selectionSet?: SelectionSetNode },
  ): void {
    this.directives += node.directives?.length ?? 0;
    if (node.kind === Kind.OPERATION_DEFINITION) {
      for (const variable of node.variableDefinitions ?? []) this.directives += variable.directives?.length ?? 0;
    }
    if (node.kind === Kind.FIELD) {
      this.writtenFields++;
      if (node.alias) this.writtenAliases++;
      if (node.name.value === '__schema' || node.name.value === '__type') this.introspects = true;
    }
    for (const selection of node.selectionSet?.selections ?? []) this.countWritten(selection);
  }

  of(set: SelectionSetNode): Measured {
    const all = { ...nothing };
    for (const node of set.selections) {
      let each: Measured;
      if (node.kind === Kind.FRAGMENT_SPREAD) each = this.ofFragment(node.name.value);
      else if (node.kind === Kind.INLINE_FRAGMENT) each = this.of(node.selectionSet);
      else {
        const inner = node.selectionSet ? this.of(node.selectionSet) : nothing;
        each = {
          depth: inner.depth + 1,
          fields: sum(inner.fields, 1),
          aliases: sum(inner.aliases, node.alias ? 1 : 0),
          top: node.name.value === '__typename' ? 0 : 1,
        };
      }
      all.depth = Math.max(all.depth, each.depth);
      all.fields = sum(all.fields, each.fields);
      all.aliases = sum(all.aliases, each.aliases);
      all.top = sum(all.top, each.top);
    }
    return all;
  }

  private ofFragment(name: string): Measured {
    const known = this.measured.get(name);
    if (known) return known;
    const fragment = this.fragments.get(name);
    if (!fragment) return nothing;
    // Validation refuses a fragment that spreads itself; here the recursion ends.
    this.measured.set(name, nothing);
    const measured = this.of(fragment.selectionSet);
    this.measured.set(name, measured);
    return measured;
  }
}
