import { TemplateKind } from '../../generated/prisma/enums.ts';
import { builder } from '../../graphql/builder.ts';
import { cacheFor } from '../../graphql/cache-hints.ts';
import { connect, connectionOf, pageArgs } from '../../graphql/connections.ts';
import { costs } from '../../graphql/cost-hints.ts';
import { idOf } from '../../graphql/ids.ts';
import { asNode } from '../../graphql/nodes.ts';
import { searchText } from '../../graphql/validation.ts';
import { CertificateCategoryRef } from '../certificate/inputs.ts';
import { templateConfigById, templateHtmlById, templates } from './loaders.ts';
import { templatesVisibleTo, visibleTemplate } from './policy.ts';

export const TemplateKindRef = builder.enumType(TemplateKind, { name: 'TemplateKind', description: 'What a template is made of.' });

export const Template = builder.prismaObject('CertificateTemplate', {
  description: 'What certificates of a category are printed with.',
  extensions: cacheFor({ maxAgeSeconds: 300 }),
});

builder.prismaObjectFields(Template, (t) => ({
  name: t.exposeString('name', { description: 'The name.' }),
  category: t.expose('category', { type: CertificateCategoryRef, description: 'The category that it prints.' }),
  kind: t.field({ type: TemplateKindRef, description: 'An image, or HTML.', resolve: ({ kind }) => kind }),
  variant: t.exposeString('variant', { nullable: true, description: 'Which of several designs of the category.' }),
  bannerImage: t.exposeString('bannerImage', { nullable: true, description: 'Path of the picture for the gallery.' }),
  image: t.exposeString('image', { nullable: true, description: 'Path of the picture that is printed.' }),
  isActive: t.exposeBoolean('isActive', { description: 'Whether it may be used.' }),
  isPublic: t.exposeBoolean('isPublic', { description: 'Whether everybody may use it.' }),
  version: t.exposeInt('version', { description: 'Grows with every change: `saveTemplate` expects it.' }),
  createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was made.' }),
  updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it was last changed.' }),
  html: t.string({
    nullable: true,
    description: '10 to 40 KB, of an HTML template: select it where it is printed, not in a list.',
    extensions: costs({ weight: 1 }),
    resolve: async ({ id }, _args, ctx) => (await templateHtmlById(ctx).load(id))?.html ?? null,
  }),
  config: t.field({
    type: 'JSON',
    nullable: true,
    description: 'Where on the template what is printed.',
    extensions: costs({ weight: 0.25 }),
    resolve: async ({ id }, _args, ctx) => (await templateConfigById(ctx).load(id))?.config ?? null,
  }),
}));
asNode(Template, 'CertificateTemplate', visibleTemplate);

const TemplateConnection = connectionOf(Template, 'CertificateTemplate', 'templates');

const TemplateFilter = builder.inputType('TemplateFilter', {
  description: 'Which templates a list has: those that meet every condition given.',
  fields: (t) => ({
    category: t.field({ type: CertificateCategoryRef, description: 'For this category.' }),
    kind: t.field({ type: TemplateKindRef, description: 'Of this kind.' }),
    variant: t.string({ validate: searchText, description: 'Of this variant: its whole name, in the same case.' }),
    isActive: t.boolean({ description: 'Whether it may be used. Only staff find others.' }),
    isPublic: t.boolean({ description: 'Whether everybody may use it. Only staff find others.' }),
    search: t.string({ validate: searchText, description: 'Part of the name.' }),
  }),
});

builder.queryFields((t) => ({
  templates: t.field({
    extensions: cacheFor('inherit'),
    type: TemplateConnection,
    args: { filter: t.arg({ type: TemplateFilter, description: 'Which templates.' }), ...pageArgs },
    description: 'The templates, by category, variant (those without one last) and name. Staff see those that are private or inactive too.',
    resolve: async (_root, { filter, ...args }, ctx, info) =>
      connect(templates, ctx, info, args, { where: filter ?? {}, visible: templatesVisibleTo(await ctx.viewer()) }),
  }),
  template: t.field({
    extensions: cacheFor('inherit'),
    type: Template,
    nullable: true,
    args: { id: t.arg.id({ required: true, description: 'The template.' }).validate(idOf('CertificateTemplate')) },
    description: 'A template; null when there is none, or when it is not for the viewer.',
    resolve: (_root, { id }, ctx) => visibleTemplate(ctx, id),
  }),
}));
