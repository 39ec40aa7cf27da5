import { z } from 'zod';
import { Unauthenticated } from '../../errors.ts';
import { builder } from '../../graphql/builder.ts';
import type { Context } from '../../graphql/context.ts';
import { costs } from '../../graphql/cost-hints.ts';
import { encodeId, idOf } from '../../graphql/ids.ts';
import { deletedPayload, writtenPayload } from '../../graphql/payloads.ts';
import { email, line, login, phone, secret } from '../../graphql/validation.ts';
import type { Row } from '../../resources/models.ts';
import { userById } from './loaders.ts';
import { signedIn } from './policy.ts';
import { ADMINS } from './roles.ts';
import { deleteUser, saveUser } from './save.ts';
import { RoleRef, User } from './schema.ts';
import { signIn, signUp } from './sign-in.ts';

const username = login
  .max(50, 'At most 50 characters.')
  .refine((value) => /^[\p{L}\p{M}\p{N}._-]{3,}$/u.test(value), 'At least 3 letters, digits, dots, dashes or underscores.');
/** The upper bound keeps the cost of hashing bounded. */
const password = secret
  .min(8, 'At least 8 characters.')
  .max(128, 'At most 128 characters.')
  .refine((value) => value.isWellFormed(), 'Contains half a character.');

const SignUpInput = builder.inputType('SignUpInput', {
  description: 'A new account.',
  fields: (t) => ({
    username: t.string({ required: true, validate: username, description: 'The name to sign in with; unique, whatever the case.' }),
    email: t.string({ required: true, validate: email, description: 'The email address; unique, whatever the case.' }),
    password: t.string({ required: true, validate: password, description: '8 to 128 characters.' }),
    firstName: t.string({ required: true, validate: line(), description: 'The first name.' }),
    lastName: t.string({ required: true, validate: line(), description: 'The last name.' }),
    phoneNumber: t.string({ validate: phone, description: 'A phone number.' }),
  }),
});

const SignInInput = builder.inputType('SignInInput', {
  description: 'Who signs in.',
  fields: (t) => ({
    usernameOrEmail: t.string({ required: true, validate: login, description: 'The username or the email address.' }),
    password: t.string({ required: true, validate: z.string().max(1000, 'At most 1000 characters.'), description: 'The password.' }),
  }),
});

const SaveUserInput = builder.inputType('SaveUserInput', {
  description: 'A new user, without `id`; with `id` and `version`, what is to be changed of a user.',
  fields: (t) => ({
    id: t.id({ description: 'The user to change.' }).validate(idOf('User').nullish()),
    version: t.int({ description: 'The version that was read: the change is refused when somebody else was faster.' }),
    username: t.string({ validate: username, description: 'The name to sign in with. Needed for a new user.' }),
    email: t.string({ validate: email, description: 'The email address. Needed for a new user.' }),
    password: t.string({ validate: password, description: 'A new password ends every session. Needed for a new user.' }),
    firstName: t.string({ validate: line(), description: 'The first name. Needed for a new user.' }),
    lastName: t.string({ validate: line(), description: 'The last name. Needed for a new user.' }),
    role: t.field({ type: RoleRef, description: 'The role; USER by default.' }),
    phoneNumber: t.string({ validate: phone.nullish(), description: 'A phone number; null takes it away.' }),
    isActive: t.boolean({ description: 'Whether the user may sign in. False ends every session.' }),
    isVerified: t.boolean({ description: 'Whether the email address was verified.' }),
  }),
});

/** Hashing a password takes longer than any statement. */
const hashing = costs({ weight: 20 });

type Session = { userId: number; token: string; expiresAt: Date };

async function loadUser(ctx: Context, id: number): Promise<Row<'User'>> {
  const user = await userById(ctx).load(id);
  if (!user) throw new Unauthenticated('The account has been deleted since.');
  return user;
}

const SessionPayload = builder.objectRef<Session>('SessionPayload').implement({
  description: 'A sign-in: send the token as `Authorization: Bearer …`.',
  fields: (t) => ({
    token: t.exposeString('token', { description: 'The token.' }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'When the token ends.' }),
    viewer: t.field({ type: User, description: 'Who is signed in.', resolve: ({ userId }, _args, ctx) => loadUser(ctx, userId) }),
  }),
});

const SaveUserPayload = writtenPayload('SaveUserPayload', { field: 'user', type: User, load: userById });

const DeleteUserPayload = deletedPayload('DeleteUserPayload');

/** The request goes on as the user who has just signed in, so that the answer shows them what is theirs. */
async function openSession(ctx: Context, userId: number, since?: Date): Promise<Session> {
  const { token, expiresAt } = await ctx.tokens.sign(userId, since);
  ctx.token = await ctx.tokens.verify(token);
  return { userId, token, expiresAt };
}

builder.mutationFields((t) => ({
  signUp: t.field({
    type: SessionPayload,
    rateLimit: [{ by: 'ADDRESS', perMinute: 5, perHour: 30 }],
    args: { input: t.arg({ type: SignUpInput, required: true, description: 'The account.' }) },
    description: 'Makes an account with the role USER, and signs in.',
    extensions: hashing,
    resolve: async (_root, { input }, ctx) => openSession(ctx, await signUp(ctx.prisma, input)),
  }),
  signIn: t.field({
    type: SessionPayload,
    // Of an address, so that it tries no password on many accounts; of an account, so that many addresses try few passwords on it.
    rateLimit: [
      { by: 'ADDRESS', perMinute: 20, perHour: 200 },
      { by: 'EVERYBODY', identityArgs: ['input.usernameOrEmail'], perMinute: 5, perHour: 30 },
    ],
    args: { input: t.arg({ type: SignInInput, required: true, description: 'Who signs in.' }) },
    description: 'Signs in. The answer is the same for a wrong name, a wrong password and an inactive user.',
    extensions: hashing,
    resolve: async (_root, { input }, ctx) => {
      const { userId, since } = await signIn(ctx, input);
      return openSession(ctx, userId, since);
    },
  }),
  saveUser: t.field({
    type: SaveUserPayload,
    authScopes: { roles: ADMINS },
    args: { input: t.arg({ type: SaveUserInput, required: true, description: 'The user.' }) },
    description: 'Creates or changes a user. For admins; super admins are changed by super admins only.',
    extensions: hashing,
    resolve: async (_root, { input }, ctx) => ({ id: await saveUser(ctx.prisma, await signedIn(ctx), input) }),
  }),
  deleteUser: t.field({
    type: DeleteUserPayload,
    authScopes: { roles: ['SUPER_ADMIN'] },
    args: { id: t.arg.id({ required: true, description: 'The user.' }).validate(idOf('User')) },
    description: 'Deletes a user; what they made stays. For super admins, and never oneself.',
    resolve: async (_root, { id }, ctx) => {
      await deleteUser(ctx.prisma, await signedIn(ctx), id);
      return { deletedId: encodeId('User', id) };
    },
  }),
}));
