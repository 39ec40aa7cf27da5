// Global ids as Convoy makes them: the type and the number, in base64.

export const encodeId = (typename: string, id: number) => Buffer.from(`${typename}:${id}`).toString('base64');

export function decodeId(id: string): { typename: string; id: number } {
  const [typename = '', number = ''] = Buffer.from(id, 'base64').toString().split(':');
  return { typename, id: Number(number) };
}
