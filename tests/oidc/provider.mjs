// SPDX-License-Identifier: Apache-2.0
// A real OpenID Connect provider (npm: oidc-provider) on a loopback port, with people and one client
// of its own. Prints its port when it listens. Its development pages ask for a name and believe it.
//
//   node provider.mjs PORT CLIENT_SECRET REDIRECT_URI      PORT 0: any; keys are new at every start
import {generateKeyPairSync} from 'node:crypto';
import http from 'node:http';

import Provider from 'oidc-provider';

const [port, secret, redirect] = process.argv.slice(2);

const people = {
  ann: {email: 'ann@example.com', email_verified: true, name: 'Ann', groups: ['otaru-admins']},
  bob: {email: 'bob@example.com', email_verified: true, name: 'Bob', groups: ['otaru-ops']},
  eve: {email: 'ann@example.com', email_verified: false, name: 'Eve', groups: ['strangers']},
};

const jwk = (type, options, extra) => ({
  ...generateKeyPairSync(type, options).privateKey.export({format: 'jwk'}),
  use: 'sig',
  kid: `${extra.alg}-${Date.now()}`,
  ...extra,
});

const server = http.createServer();
server.listen(Number(port), '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: 'otaru',
        client_secret: secret,
        redirect_uris: [redirect],
        token_endpoint_auth_method: 'client_secret_basic',
        id_token_signed_response_alg: process.env.ALG || 'RS256',
      },
    ],
    jwks: {
      keys: [
        jwk('rsa', {modulusLength: 2048}, {alg: 'RS256'}),
        jwk('ec', {namedCurve: 'P-256'}, {alg: 'ES256'}),
      ],
    },
    cookies: {keys: ['only-of-this-test']},
    pkce: {required: () => true, methods: ['S256']},
    scopes: ['openid', 'profile', 'email', 'groups'],
    claims: {
      openid: ['sub'],
      profile: ['name', 'preferred_username'],
      email: ['email', 'email_verified'],
      groups: ['groups'],
    },
    conformIdTokenClaims: false,
    async findAccount(_context, id) {
      const claims = people[id];
      return claims && {accountId: id, claims: async () => ({sub: id, preferred_username: id, ...claims})};
    },
    features: {devInteractions: {enabled: true}},
  });
  server.on('request', provider.callback());
  console.log(server.address().port);
});
