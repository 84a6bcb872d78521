/*
 * The chart of a result: for each operation a bar of CPU time for each contender, the server's part and PostgreSQL's. Bars
 * of an operation are to one scale, whose unit is PostGraphile's: operations differ by a hundred times.
 */
const wide = 760;
const left = 190;
const right = 120;
const bar = 16;
const gap = 5;

/** A shade for each contender that stands out from white and from black; PostgreSQL's part is the same, fainter. */
const shades = { gateway: '#2f81f7', postgraphile: '#8b7ff0', naive: '#d98838', limit: '#3fa662' };

const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

export function chart(summary, labels, note) {
  const parts = [];
  let y = 44;
  for (const { name, contenders } of summary) {
    const unit = contenders.find(({ key }) => key === 'postgraphile').total;
    const most = Math.max(...contenders.map(({ total }) => total / unit));
    const scale = (wide - left - right) / most;
    parts.push(`<text x="8" y="${y + 13}" class="name">${name}</text>`);
    for (const { key, server, postgres, total, toPeer } of contenders) {
      const first = (server / unit) * scale;
      const second = (postgres / unit) * scale;
      parts.push(
        `<text x="${left - 8}" y="${y + 12}" text-anchor="end">${escaped(labels[key])}</text>`,
        `<rect x="${left}" y="${y}" width="${first.toFixed(1)}" height="${bar}" fill="${shades[key]}"/>`,
        `<rect x="${(left + first).toFixed(1)}" y="${y}" width="${second.toFixed(1)}" height="${bar}" fill="${shades[key]}" fill-opacity="0.5"/>`,
        `<text x="${(left + first + second + 6).toFixed(1)}" y="${y + 12}">${total.toPrecision(2)} ms, ${toPeer.toFixed(2)}</text>`,
      );
      y += bar + gap;
    }
    y += 14;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${wide} ${y}" width="${wide}" height="${y}" role="img">
<title>CPU time per request</title>
<style>
text { font: 12px system-ui, sans-serif; fill: #757c85 }
.name, .head { font-weight: 600 }
@media (prefers-color-scheme: dark) { text { fill: #9198a1 } }
</style>
<text x="8" y="18" class="head">CPU ms per request: server, and fainter PostgreSQL; the second figure is the ratio to PostGraphile</text>
<text x="8" y="34">${escaped(note)}</text>
${parts.join('\n')}
</svg>
`;
}
