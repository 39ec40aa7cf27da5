import SchemaBuilder from '@pothos/core';
import PrismaPlugin from '@pothos/plugin-prisma';
import RelayPlugin from '@pothos/plugin-relay';
import type PrismaTypes from '../../src/generated/pothos-types.ts';
import { getDatamodel } from '../../src/generated/pothos-types.ts';
import { PrismaClient } from '../../src/generated/prisma/client.ts';
import { CertificateCategory, PaymentMode, Role } from '../../src/generated/prisma/enums.ts';
import { decodeId, encodeId } from '../load/ids.ts';
import { createAdapter } from './prisma.ts';
import type { Token } from './token.ts';

export const prisma = new PrismaClient({ adapter: createAdapter() });

type Written = { toString(): string };

export const builder = new SchemaBuilder<{
  PrismaTypes: PrismaTypes;
  Context: { token: Token | null };
  Scalars: {
    Date: { Input: Date; Output: Date };
    DateTime: { Input: Date; Output: Date };
    Decimal: { Input: string; Output: Written };
  };
}>({
  plugins: [PrismaPlugin, RelayPlugin],
  prisma: { client: prisma, dmmf: getDatamodel() },
  relay: {
    encodeGlobalID: (typename, id) => encodeId(typename, Number(id)),
    decodeGlobalID: (globalId) => {
      const { typename, id } = decodeId(globalId);
      return { typename, id: String(id) };
    },
  },
});

builder.queryType();
builder.scalarType('Date', { serialize: (value) => value.toISOString().slice(0, 10) });
builder.scalarType('DateTime', { serialize: (value) => value.toISOString() });
builder.scalarType('Decimal', { serialize: (value: Written) => value.toString() });
export const Category = builder.enumType(CertificateCategory, { name: 'CertificateCategory' });
export const Payment = builder.enumType(PaymentMode, { name: 'PaymentMode' });
export const RoleRef = builder.enumType(Role, { name: 'Role' });
