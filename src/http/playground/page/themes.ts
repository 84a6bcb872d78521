import type * as Monaco from 'monaco-editor';

/** GraphiQL's colours, which it does not export, and a colour of ours for each kind of text that was too pale. */
const palettes = {
  dark: {
    ...{ pink: '#ff5794', pale: '#ff579419', ground: '#212a3b', field: '#b7c2d711', chosen: '#ffffff' },
    // Monaco's green has 3.6 to 1 on this ground, where 4.5 are asked for.
    ...{ argument: '#908aff', readable: { comment: '#86b876' } },
  },
  light: {
    ...{ pink: '#d60590', pale: '#d6059019', ground: '#ffffffff', field: '#3b4b6811', chosen: '#444444' },
    // Monaco's green of numbers has 4.1 to 1 on the grey behind a reply.
    ...{ argument: '#6c69ce', readable: { number: '#07694a' } },
  },
};

/** Defines GraphiQL's editor themes again, with text that can be read. */
export function defineThemes(monaco: typeof Monaco): void {
  defineTheme(monaco, 'dark');
  defineTheme(monaco, 'light');
}

function defineTheme(monaco: typeof Monaco, name: keyof typeof palettes): void {
  const { pink, pale, ground, field, chosen, argument, readable } = palettes[name];
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
  monaco.editor.defineTheme(name === 'dark' ? 'graphiql-DARK' : 'graphiql-LIGHT', {
    base: name === 'dark' ? 'vs-dark' : 'vs',
    inherit: true,
    colors: {
      ...all(transparent, '#ffffff00'),
      ...all(grounds, ground),
      ...all(pinks, pink),
      ...all(pales, pale),
      'input.background': field,
      'quickInputList.focusForeground': chosen,
    },
    rules: [
      { token: 'argument.identifier.gql', foreground: argument },
      ...Object.entries(readable).map(([token, foreground]) => ({ token, foreground })),
    ],
  });
}
