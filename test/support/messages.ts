type Node = import('typescript/unstable/ast', { with: { 'resolution-mode': 'import' }}).Node;

/*
 * Prints, as JSON, the texts of src that somebody reads while the gateway runs. This is a process of its own: the API of the
 * TypeScript compiler is an ES module, which is waited for. A test file knows its tests at once.
 */

export interface Message {
  /** File and line. */
  at: string;
  /** The function or class that takes the text; else the property or variable that holds it. */
  place: string;
  /** Each placeholder of a template is the word X. */
  text: string;
}

/** Other tests hold descriptions of the schema. Nobody reads sample data and migrations while the gateway runs. */
const otherFiles =
  /^src\/(demo\/(?!fill)|store\/migrations\/|http\/playground\/|graph\/(model\/|(enums|history)\.ts$))/;
const descriptions = ['description', 'deprecationReason', 'help'];

async function messages(): Promise<Message[]> {
  const { API } = await import('typescript/unstable/sync');
  const is = await import('typescript/unstable/ast/is');
  const api = new API({ cwd: process.cwd() });
  const [project] = api.updateSnapshot({ openProjects: ['src/tsconfig.json'] }).getProjects();
  const found: Message[] = [];

  const textOf = (node: Node): string | undefined => {
    if (is.isStringLiteral(node) || is.isNoSubstitutionTemplateLiteral(node)) return node.text;
    if (!is.isTemplateExpression(node)) return undefined;
    return node.head.text + node.templateSpans.map(({ literal }) => `X${literal.text}`).join('');
  };
  /** Where a text goes: out of conditions and lists. A part of a template goes nowhere by itself. */
  const placeOf = (node: Node): string => {
    if (is.isTemplateSpan(node)) return '';
    if (is.isCallExpression(node) || is.isNewExpression(node)) return node.expression.getText();
    if (is.isPropertyAssignment(node) || is.isVariableDeclaration(node)) return node.name.getText();
    return is.isStatement(node) || !node.parent ? '' : placeOf(node.parent);
  };

  for (const file of project.rootFiles) {
    const source = project.program.getSourceFile(file)!;
    const name = file.slice(process.cwd().length + 1);
    if (!name.startsWith('src/') || otherFiles.test(name)) continue;
    const visit = (node: Node): void => {
      if (is.isImportDeclaration(node) || is.isLiteralTypeNode(node)) return;
      if (is.isPropertyAssignment(node) && descriptions.includes(node.name.getText())) return;
      if (is.isBinaryExpression(node) && node.left.getText().endsWith('.description')) return;
      const text = textOf(node);
      if (text !== undefined) {
        const line = source.text.slice(0, node.getStart()).split('\n').length;
        found.push({ at: `${name}:${line}`, place: placeOf(node.parent), text });
      }
      node.forEachChild(visit);
    };
    visit(source);
  }
  api.close();
  return found;
}

if (require.main === module) messages().then((found) => process.stdout.write(JSON.stringify(found)));
