import type * as Monaco from 'monaco-editor';

const pink = '#ff5794';
const paleInk = '#ff579419';
const ground = '#212a3b';

/**
 * Defines GraphiQL's dark editor theme again, with comments that can be read: Monaco's green has 3.6 to 1 on this
 * ground, where 4.5 are asked for. Colours other than that of comments are GraphiQL's, which does not export them.
 */
export function defineDark(monaco: typeof Monaco): void {
  const transparent = ['editor.background', 'scrollbar.shadow'];
  const grounds = [
    ...['editorHoverWidget.background', 'menu.background', 'editorSuggestWidget.background'],
    ...['quickInput.background', 'editorWidget.background'],
  ];
  const pinks = [
    ...['textLink.foreground', 'textLink.activeForeground', 'editorLink.activeForeground', 'list.highlightForeground'],
    ...['list.focusHighlightForeground', 'editorSuggestWidget.selectedForeground', 'focusBorder', 'highlight'],
    ...['highlighted.label', 'quickInput.widget', 'editorWidget.resizeBorder', 'pickerGroup.foreground'],
    'menu.selectionForeground',
  ];
  const pales = [
    ...['list.hoverBackground', 'editorSuggestWidget.selectedBackground', 'toolbar.hoverBackground'],
    ...['inputOption.hoverBackground', 'quickInputList.focusBackground', 'menu.selectionBackground'],
  ];
  const all = (names: string[], color: string) => Object.fromEntries(names.map((name) => [name, color]));
  monaco.editor.defineTheme('graphiql-DARK', {
    base: 'vs-dark',
    inherit: true,
    colors: {
      ...all(transparent, '#ffffff00'),
      ...all(grounds, ground),
      ...all(pinks, pink),
      ...all(pales, paleInk),
      'input.background': '#b7c2d711',
      'quickInputList.focusForeground': '#ffffff',
    },
    rules: [
      { token: 'argument.identifier.gql', foreground: '#908aff' },
      { token: 'comment', foreground: '#86b876' },
    ],
  });
}
