import type { CertificateCategory } from '../../src/generated/prisma/enums.ts';
import type { Random } from './random.ts';
import { LAYOUTS, type Layout } from './template-layouts.ts';

export type Palette = { name: string; accent: string; paper: string };

/** A page of 10 to 40 KB: as in real templates, most of it is the drawing of the border. */
export function templateHtml(category: CertificateCategory, name: string, palette: Palette, random: Random): string {
  const layout = LAYOUTS[category];
  return `<!doctype html>
<html lang="en-IN">
<head>
<meta charset="utf-8">
<title>${name}</title>
<style>
${styles(layout, palette)}
</style>
</head>
<body class="${category.toLowerCase().replaceAll('_', '-')}">
<div class="page">
${border(palette, random)}
<header>
  <img class="logo" src="{{spa.logo}}" alt="">
  <div>
    <h2>{{spa.name}}</h2>
    <p class="address">{{spa.address}}, {{spa.area}}, {{spa.city}}, {{spa.state}} {{spa.pincode}}</p>
    <p class="address">Tel. {{spa.phoneNumber}} | {{spa.email}} | {{spa.website}}</p>
  </div>
</header>
<main>
  <h1>${layout.label}</h1>
${layout.text.map((paragraph) => `  <p>${paragraph}</p>`).join('\n')}
${facts(layout)}
${layout.table ? table(layout.table) : ''}
</main>
<section class="terms">
  <h3>Terms</h3>
  <ol>
${TERMS.map((term) => `    <li>${term}</li>`).join('\n')}
  </ol>
</section>
<footer>
  <div class="seal">{{spa.name}}<br>{{spa.city}}</div>
  <div class="signature"><img src="{{signature}}" alt=""><span>Authorised signatory</span></div>
  <p class="number">No. {{number}}, issued on {{generatedAt}}. Verify this document by its number.</p>
</footer>
</div>
</body>
</html>
`;
}

const TERMS = [
  'This document is computer generated and is valid with its number, which anybody may verify.',
  'Alteration, in whole or in part, makes this document void.',
  'The facts of the spa are those of the day of issue.',
  'Amounts are in Indian rupees and include taxes unless it is stated otherwise.',
  'Services once rendered are neither refunded nor exchanged.',
  'Disputes are subject to the jurisdiction of the courts of {{spa.city}}.',
  'A copy is kept by the issuer for eight years.',
];

function facts({ fields }: Layout): string {
  const rows = fields.map(
    (field) => `    <dt>${field.replaceAll(/([A-Z])/g, ' $1').toLowerCase()}</dt>\n    <dd data-field="${field}">{{${field}}}</dd>`,
  );
  return `  <dl class="facts">\n${rows.join('\n')}\n  </dl>`;
}

function table({ each, columns }: NonNullable<Layout['table']>): string {
  const cells = (tag: string, texts: readonly string[]) => texts.map((text) => `<${tag}>${text}</${tag}>`).join('');
  return `  <table>
    <thead><tr>${cells('th', ['#', ...columns.map(([heading]) => heading)])}</tr></thead>
    <tbody>
    {{#each ${each}}}
      <tr>${cells('td', ['{{@number}}', ...columns.map(([, field]) => `{{${field}}}`)])}</tr>
    {{/each}}
    </tbody>
  </table>`;
}

/** Interlaced waves around the page, in whole numbers: what is drawn does not hang on how a machine rounds a sine. */
function border({ accent }: Palette, random: Random): string {
  const paths = Array.from({ length: random.int(14, 80) }, (_, index) => {
    const y = 8 + index * 3;
    const waves = Array.from({ length: 36 }, (_, wave) => `q${random.int(6, 9)} ${wave % 2 ? '' : '-'}${random.int(4, 14)} 14 0`);
    return `  <path d="M8 ${y}${waves.join('')}" opacity=".${random.int(20, 85)}"/>`;
  });
  return `<svg class="border" viewBox="0 0 520 360" fill="none" stroke="${accent}" stroke-width=".6" aria-hidden="true">\n${paths.join('\n')}\n</svg>`;
}

function styles({ orientation }: Layout, { accent, paper }: Palette): string {
  const sizes = [9, 10, 11, 12, 13, 14, 16, 18, 20, 24, 28, 32, 40, 48];
  return `@page { size: A4 ${orientation}; margin: 0; }
:root { --accent: ${accent}; --paper: ${paper}; --ink: #23201c; }
* { box-sizing: border-box; margin: 0; padding: 0; }
html { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
body { font: 15px/1.6 "Noto Serif", Georgia, "Times New Roman", serif; color: var(--ink); background: #ddd; }
.page { position: relative; width: ${orientation === 'portrait' ? '210mm' : '297mm'}; min-height: ${orientation === 'portrait' ? '297mm' : '210mm'}; margin: 0 auto; padding: 22mm 20mm; background: var(--paper); overflow: hidden; }
.border { position: absolute; inset: 0; width: 100%; height: 100%; pointer-events: none; }
header { position: relative; display: flex; gap: 8mm; align-items: center; padding-bottom: 6mm; border-bottom: 2px solid var(--accent); }
header h2 { font-size: 26px; letter-spacing: .04em; color: var(--accent); }
.logo { width: 24mm; height: 24mm; object-fit: contain; border-radius: 50%; }
.address { font-size: 12px; color: #5b554c; }
main { position: relative; padding: 10mm 0; }
h1 { font-size: 34px; text-align: center; text-transform: uppercase; letter-spacing: .12em; color: var(--accent); margin-bottom: 8mm; }
main p { margin-bottom: 4mm; text-align: justify; }
main p strong { font-size: 1.15em; }
.facts { display: grid; grid-template-columns: 52mm 1fr; gap: 2mm 6mm; margin: 6mm 0; padding: 5mm; border: 1px solid var(--accent); border-radius: 2mm; background: #ffffffb0; }
.facts dt { color: #6d665c; text-transform: capitalize; }
.facts dd { font-weight: 600; }
table { width: 100%; border-collapse: collapse; margin: 6mm 0; font-size: 13px; }
th, td { padding: 2mm 3mm; border: 1px solid #cfc6b8; text-align: left; }
th { background: var(--accent); color: #fff; font-weight: 600; }
tbody tr:nth-child(even) { background: #00000008; }
td:last-child, th:last-child { text-align: right; font-variant-numeric: tabular-nums; }
.terms { position: relative; font-size: 11px; color: #5b554c; }
.terms h3 { font-size: 12px; margin-bottom: 1mm; color: var(--accent); }
.terms ol { padding-left: 5mm; }
footer { position: relative; display: flex; flex-wrap: wrap; justify-content: space-between; align-items: flex-end; margin-top: 12mm; }
.seal { width: 30mm; height: 30mm; display: grid; place-content: center; text-align: center; font-size: 10px; border: 2px double var(--accent); border-radius: 50%; color: var(--accent); transform: rotate(-8deg); opacity: .8; }
.signature { text-align: center; }
.signature img { display: block; height: 16mm; margin: 0 auto; }
.signature span { display: inline-block; min-width: 52mm; padding-top: 1mm; border-top: 1px solid var(--ink); font-size: 12px; }
.number { flex-basis: 100%; margin-top: 6mm; font-size: 11px; text-align: center; letter-spacing: .06em; }
${sizes.map((size) => `.text-${size} { font-size: ${size}px; line-height: ${Math.ceil(size * 1.45)}px; }`).join('\n')}
${sizes.map((size) => `.gap-${size} { gap: ${size}px; margin-block: ${size}px; }`).join('\n')}
@media print { body { background: none; } .page { margin: 0; box-shadow: none; } }
@media (max-width: 700px) { .page { width: 100%; padding: 6mm; } header { flex-direction: column; text-align: center; } .facts { grid-template-columns: 1fr; } }`;
}
