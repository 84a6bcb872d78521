/* The page at /v1/docs: Swagger UI, from our own files, under a policy that lets it load and call nothing else. */

/** What the page needs: its files by their paths, and in a demo the credentials that are filled in. */
export interface DocsPage {
  script: string;
  style: string;
  demo?: { clientId: string; clientSecret: string };
}

/** Only the two script elements of the page run. Swagger UI has its pictures as data in its style. */
export const docsPolicy = (nonce: string): string =>
  [
    "default-src 'none'",
    `script-src 'nonce-${nonce}' 'strict-dynamic'`,
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');

/** The page. Inside a script element only "<" could end the element or open a comment. */
export function docsHtml({ script, style, demo }: DocsPage, nonce: string): string {
  const credentials = JSON.stringify(demo ?? null).replaceAll('<', '\\u003c');
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>REST reference - Order Fulfillment Gateway</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${style}">
</head>
<body>
<main id="docs"></main>
<script nonce="${nonce}" src="${script}"></script>
<script nonce="${nonce}">
const demo = ${credentials};
const ui = SwaggerUIBundle({ url: '/v1/openapi.json', dom_id: '#docs', deepLinking: true, validatorUrl: null });
if (demo) ui.initOAuth(demo);
</script>
</body>
</html>
`;
}
