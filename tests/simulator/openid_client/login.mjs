// Logs in with openid-client, which is neither ours nor authlib. A line of JSON on standard input says where and how;
// the address of the login page goes out, what came back to the application comes in, and what was learnt goes out.
import { createPrivateKey, webcrypto } from 'node:crypto'
import { createInterface } from 'node:readline'
import * as client from 'openid-client'

// Node 18, which Debian 12 has, does not offer it by itself.
globalThis.crypto ??= webcrypto
globalThis.CryptoKey ??= webcrypto.CryptoKey

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]()
const read = async () => JSON.parse((await lines.next()).value)
const write = (value) => process.stdout.write(JSON.stringify(value) + '\n')

async function authentication({ method, secret, key }) {
  if (method === 'client_secret_basic') return client.ClientSecretBasic(secret)
  if (method === 'client_secret_post') return client.ClientSecretPost(secret)
  const der = createPrivateKey(key).export({ type: 'pkcs8', format: 'der' })
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' }
  return client.PrivateKeyJwt(await crypto.subtle.importKey('pkcs8', der, algorithm, false, ['sign']))
}

const wanted = await read()
const config = await client.discovery(
  new URL(wanted.issuer),
  wanted.clientId,
  { id_token_signed_response_alg: 'RS256' },
  await authentication(wanted),
  { execute: [client.allowInsecureRequests] },
)
const pkceCodeVerifier = client.randomPKCECodeVerifier()
const expectedState = client.randomState()
const expectedNonce = client.randomNonce()
const location = client.buildAuthorizationUrl(config, {
  redirect_uri: wanted.redirectUri,
  scope: wanted.scope,
  code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
  code_challenge_method: 'S256',
  state: expectedState,
  nonce: expectedNonce,
  ...(wanted.responseMode ? { response_mode: wanted.responseMode } : {}),
})
write({ location: location.href })

const { url, form } = await read()
const back = form ? new Request(url, { method: 'POST', body: new URLSearchParams(form) }) : new URL(url)
const tokens = await client.authorizationCodeGrant(config, back, { pkceCodeVerifier, expectedState, expectedNonce })
const claims = tokens.claims()
const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub)
const refreshed = tokens.refresh_token ? await client.refreshTokenGrant(config, tokens.refresh_token) : null
const introspection = await client.tokenIntrospection(config, (refreshed ?? tokens).access_token)
const replay = await client
  .authorizationCodeGrant(config, form ? new Request(url, { method: 'POST', body: new URLSearchParams(form) }) : new URL(url), {
    pkceCodeVerifier,
    expectedState,
    expectedNonce,
  })
  .catch((error) => error.error)
const logout = client.buildEndSessionUrl(config, { post_logout_redirect_uri: wanted.afterLogout, state: 'the state' })
write({
  claims,
  userinfo,
  scope: tokens.scope,
  rotated: refreshed === null ? null : refreshed.refresh_token !== tokens.refresh_token,
  introspection,
  replay,
  logout: logout.href,
})
process.exit(0)
