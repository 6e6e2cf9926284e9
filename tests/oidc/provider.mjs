// An identity provider for tests: oidc-provider, which is certified, with accounts that exist as soon as somebody
// signs in with their names. node provider.mjs PORT REDIRECT_URI SECRET; prints "ready" once it listens.
import { createRequire } from 'node:module';

const [port, redirect, secret] = process.argv.slice(2);
const require = createRequire(`${process.cwd()}/`);
const { default: Provider } = await import(require.resolve('oidc-provider'));

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [
    {
      client_id: 'linli',
      client_secret: secret,
      redirect_uris: [redirect],
      response_types: ['code'],
      grant_types: ['authorization_code'],
    },
  ],
  claims: { openid: ['sub'], email: ['email', 'email_verified'] },
  conformIdTokenClaims: false, // the address is in the ID token itself
  pkce: { required: () => true },
  cookies: { keys: ['for tests alone'] },
  features: { devInteractions: { enabled: true } },
  findAccount: (_, id) => ({
    accountId: id,
    claims: async () => ({
      sub: id,
      email: `${id}@provider.example`,
      email_verified: !id.startsWith('unverified'),
    }),
  }),
});

provider.listen(Number(port), '127.0.0.1', () => console.log('ready'));
