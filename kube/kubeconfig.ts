/**
 * A connection from kubeconfig files. What a kubeconfig may ask for and this operator cannot do is refused in words,
 * never passed over: a connection that is less safe than its file says would be worse than none.
 */
import type { Clock } from "./clock.ts";
import type { Connection } from "./connection.ts";
import { ConnectionError, readCredential, tokenFromFile } from "./credential_file.ts";
import { isRecord } from "./errors.ts";
import { execCredential } from "./exec_credential.ts";
import {
  type Entry,
  type KubeconfigPlaces,
  pathIn,
  readKubeconfig,
  type SelectedContext,
  textIn,
} from "./kubeconfig_file.ts";

/** Fields of a cluster or user that change how to connect, with what to do instead. */
const REFUSED: Readonly<Record<string, string>> = {
  "insecure-skip-tls-verify": "put the server's certificate authority into certificate-authority-data",
  "tls-server-name": "use the name that the server's certificate carries in its server field",
  "proxy-url": "connect to the server without a proxy, or through a tunnel",
  as: "use a user that has the rights itself",
  "as-uid": "use a user that has the rights itself",
  "as-groups": "use a user that has the rights itself",
  "as-user-extra": "use a user that has the rights itself",
  username: "use a certificate or a token; API servers know no passwords",
};

/**
 * Reads the current context: certificates and tokens inline or in files, credential plug-ins (`exec`), and OpenID Connect.
 * @throws ConnectionError that names the file, the field, and the remedy.
 */
export async function loadKubeconfig(
  places: KubeconfigPlaces,
  clock: Pick<Clock, "now" | "monotonic">,
): Promise<Connection> {
  return await connectionOf(await readKubeconfig(places), clock);
}

/** Like {@link loadKubeconfig}, for a context that was selected already. */
export async function connectionOf(
  { cluster, user, namespace }: SelectedContext,
  clock: Pick<Clock, "now" | "monotonic">,
): Promise<Connection> {
  refuse(cluster);
  refuse(user);
  const server = serverOf(cluster);
  const caPem = await pem(cluster, "certificate-authority", "CERTIFICATE");
  const identity = await identityOf(user, { server, ...optional("caPem", caPem) }, clock);
  return { server, namespace, ...optional("caPem", caPem), ...identity };
}

/** What says who we are. */
type Identity = Pick<Connection, "certPem" | "keyPem" | "token">;

async function identityOf(
  user: Entry,
  cluster: { readonly server: string; readonly caPem?: string },
  clock: Pick<Clock, "now" | "monotonic">,
): Promise<Identity> {
  const certificate = await certificateOf(user);
  const token = textIn(user, "token");
  if (token !== undefined) return { ...certificate, token: () => Promise.resolve(token) };
  const tokenPath = pathIn(user, "tokenFile");
  if (tokenPath !== undefined) {
    const read = tokenFromFile(tokenPath, clock);
    await read();
    return { ...certificate, token: read };
  }
  if (user.value["exec"] !== undefined && user.value["exec"] !== null) {
    return { ...certificate, ...await execCredential(user, cluster, clock) };
  }
  const provider = user.value["auth-provider"];
  if (isRecord(provider)) return { ...certificate, token: await providerToken(user, provider) };
  return certificate;
}

async function certificateOf(user: Entry): Promise<Pick<Identity, "certPem" | "keyPem">> {
  const certPem = await pem(user, "client-certificate", "CERTIFICATE");
  const keyPem = await pem(user, "client-key", "PRIVATE KEY");
  if ((certPem === undefined) !== (keyPem === undefined)) {
    const missing = certPem === undefined ? "client-certificate" : "client-key";
    throw new ConnectionError(
      `Cannot use ${user.file}: ${user.field} has one half of a client certificate, ${missing} is missing`,
    );
  }
  return { ...optional("certPem", certPem), ...optional("keyPem", keyPem) };
}

/** The library that knows OpenID Connect is large, and loaded only for a kubeconfig that needs it. */
async function providerToken(
  user: Entry,
  provider: Readonly<Record<string, unknown>>,
): Promise<() => Promise<string>> {
  if (provider["name"] !== "oidc") {
    throw new ConnectionError(
      `Cannot use ${user.file}: ${user.field}.auth-provider is ${provider["name"]}, only oidc is known; ` +
        "providers of clouds have credential plug-ins (exec) by now",
    );
  }
  const { oidcToken } = await loadOidc();
  return await oidcToken(user);
}

async function loadOidc() {
  try {
    return await import("./oidc_token.ts");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotCapable)) throw error;
    throw new ConnectionError(
      `Cannot load the library for OpenID Connect: ${error.message}; start the program with --ignore-env`,
      { cause: error },
    );
  }
}

function refuse(entry: Entry): void {
  for (const [field, remedy] of Object.entries(REFUSED)) {
    const value = entry.value[field];
    if (value === undefined || value === null || value === false || value === "") continue;
    throw new ConnectionError(
      `Cannot use ${entry.file}: ${entry.field}.${field} is not supported; ${remedy}`,
    );
  }
}

function serverOf(cluster: Entry): string {
  const server = textIn(cluster, "server");
  if (server === undefined) {
    throw new ConnectionError(`Cannot use ${cluster.file}: ${cluster.field}.server is missing`);
  }
  const url = URL.parse(server);
  if (url === null || !["https:", "http:"].includes(url.protocol)) {
    throw new ConnectionError(
      `Cannot use ${cluster.file}: ${cluster.field}.server must be an http or https URL: current value is ${server}`,
    );
  }
  return server.replace(/\/+$/, "");
}

/**
 * PEM text that stands inline as base64 under `<key>-data`, or in a file under `<key>`. It is looked at here because TLS
 * takes a certificate authority that is none without a word, and then trusts nobody.
 */
async function pem(entry: Entry, key: string, label: string): Promise<string | undefined> {
  const inline = textIn(entry, `${key}-data`);
  const path = inline === undefined ? pathIn(entry, key) : undefined;
  if (inline === undefined && path === undefined) return undefined;
  const field = `${entry.field}.${inline === undefined ? key : `${key}-data`}`;
  const text = path === undefined ? decode(inline ?? "") : await readCredential(path, field);
  if (!text.includes("-----BEGIN ") || !text.includes(`${label}-----`)) {
    throw new ConnectionError(
      `Cannot use ${path ?? entry.file}: ${field} holds no PEM block of a ${label.toLowerCase()}`,
    );
  }
  return text;
}

/** Text from base64; empty when it is none. */
function decode(base64: string): string {
  try {
    return atob(base64.replaceAll(/\s/g, ""));
  } catch {
    return "";
  }
}

function optional<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  const result: { [P in K]?: V } = {};
  if (value !== undefined) result[key] = value;
  return result;
}
