import { CertificateCategory } from '../../src/generated/prisma/enums.ts';
import { anyManager } from './actors.ts';
import type { RowOf } from './copy.ts';
import type { Plan } from './plan.ts';
import { Random } from './random.ts';
import { type Palette, templateHtml } from './template-html.ts';
import { LAYOUTS } from './template-layouts.ts';
import { FOUNDED, momentOf, OPENED, timestamp } from './time.ts';

export const TEMPLATES = {
  name: 'certificate_templates',
  columns: [
    'id',
    'name',
    'category',
    'kind',
    'variant',
    'banner_image',
    'image',
    'html',
    'config',
    'is_active',
    'is_public',
    'created_by_id',
    'version',
    'created_at',
    'updated_at',
  ],
} as const;

const CATEGORIES = Object.values(CertificateCategory);
const VARIANTS = ['V1', 'V2', 'V3', 'V4', null];
const STYLES = ['Classic', 'Lotus', 'Royal', 'Minimal', 'Heritage', 'Botanical', 'Modern', 'Festive'];
const PALETTES: readonly Palette[] = [
  { name: 'Gold', accent: '#9a7b3f', paper: '#fffaf0' },
  { name: 'Teal', accent: '#1f6f6b', paper: '#f4fbfa' },
  { name: 'Maroon', accent: '#7b1e3a', paper: '#fff7f8' },
  { name: 'Indigo', accent: '#34408b', paper: '#f7f8ff' },
  { name: 'Forest', accent: '#2f5d3a', paper: '#f6fbf5' },
];

/** Ids go round the categories: the first of a category is its index + 1, the next is eight further on. */
export function templateOf(category: CertificateCategory, templates: number, random: Random): number {
  const first = CATEGORIES.indexOf(category) + 1;
  return first + CATEGORIES.length * random.int(0, Math.floor((templates - first) / CATEGORIES.length));
}

export function* templateRows(plan: Plan): Generator<RowOf<typeof TEMPLATES>> {
  for (let id = 1; id <= plan.templates; id++) {
    const random = new Random(plan.seed, TEMPLATES.name, id);
    const category = CATEGORIES[(id - 1) % CATEGORIES.length] as CertificateCategory;
    const round = Math.floor((id - 1) / CATEGORIES.length);
    const isHtml = id % 3 !== 0;
    const palette = random.pick(PALETTES);
    const { label, orientation, fields } = LAYOUTS[category];
    const name = `${label}: ${random.pick(STYLES)} ${palette.name}`;
    const created = momentOf(id - 1, plan.templates, FOUNDED, OPENED, random);
    yield {
      id,
      name,
      category,
      kind: isHtml ? 'HTML' : 'IMAGE',
      variant: VARIANTS[round % VARIANTS.length],
      banner_image: random.chance(0.7) ? `/media/templates/${id}/banner.jpg` : null,
      image: isHtml ? null : `/media/templates/${id}/page.png`,
      html: isHtml ? templateHtml(category, name, palette, random) : null,
      config: JSON.stringify({
        page: 'A4',
        orientation,
        accent: palette.accent,
        fields: isHtml
          ? fields
          : Object.fromEntries(fields.map((field, line) => [field, { x: 120, y: 220 + line * 38, size: line === 0 ? 28 : 16 }])),
      }),
      // The first two of each category stay open to visitors.
      is_active: random.chance(0.88) || round < 2,
      is_public: random.chance(0.85) || round < 2,
      created_by_id: anyManager(plan, random),
      version: 1,
      created_at: timestamp(created),
      updated_at: timestamp(created),
    };
  }
}
