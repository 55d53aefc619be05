/** How to reach an API server, and the kubeconfig files that say so. */
import { dirname, isAbsolute, join } from "node:path";
import { parse, stringify } from "yaml";
import { listAt, stringAt } from "./json.ts";

/** Address and credentials of an API server. Certificates and keys are PEM. */
export interface Connection {
  /** For example `https://127.0.0.1:6443`, without a trailing slash. */
  readonly server: string;
  readonly caPem?: string;
  readonly certPem?: string;
  readonly keyPem?: string;
  readonly token?: string;
}

/** A kubeconfig with one cluster, one user and one context, everything inline. */
export function kubeconfigOf(connection: Connection, namespace?: string): string {
  const name = "ground";
  return stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{
      name,
      cluster: { server: connection.server, ...base64("certificate-authority-data", connection.caPem) },
    }],
    users: [{
      name,
      user: {
        ...base64("client-certificate-data", connection.certPem),
        ...base64("client-key-data", connection.keyPem),
        ...(connection.token === undefined ? {} : { token: connection.token }),
      },
    }],
    contexts: [{
      name,
      context: { cluster: name, user: name, ...(namespace === undefined ? {} : { namespace }) },
    }],
    "current-context": name,
  });
}

function base64(key: string, pem: string | undefined): Record<string, string> {
  return pem === undefined ? {} : { [key]: btoa(pem) };
}

/**
 * The connection that the current context of a kubeconfig file stands for.
 * @throws Error when the context is incomplete or needs a credential plug-in, which tests do not run.
 */
export async function readKubeconfig(path: string): Promise<Connection> {
  const text = await Deno.readTextFile(path).catch((error: Error) => {
    throw new Error(`Cannot read the kubeconfig ${path}: ${error.message}`);
  });
  const config: unknown = parse(text);
  const contextName = stringAt(config, "current-context");
  const context = named(config, "contexts", contextName);
  const cluster = named(config, "clusters", stringAt(context, "context", "cluster"));
  const user = named(config, "users", stringAt(context, "context", "user"));
  const server = stringAt(cluster, "cluster", "server");
  if (server === undefined) {
    throw new Error(
      `Cannot use ${path} as its current context names no server: current-context is ${contextName}`,
    );
  }
  const pem = (owner: unknown, section: string, key: string) => readPem({ owner, section, key, file: path });
  const caPem = await pem(cluster, "cluster", "certificate-authority");
  const certPem = await pem(user, "user", "client-certificate");
  const keyPem = await pem(user, "user", "client-key");
  const token = stringAt(user, "user", "token");
  if (token === undefined && (certPem === undefined || keyPem === undefined)) {
    throw new Error(
      `Cannot use ${path} as user of ${contextName} has neither a token nor a client certificate`,
    );
  }
  return {
    server: server.replace(/\/+$/, ""),
    ...(caPem === undefined ? {} : { caPem }),
    ...(certPem === undefined ? {} : { certPem }),
    ...(keyPem === undefined ? {} : { keyPem }),
    ...(token === undefined ? {} : { token }),
  };
}

function named(config: unknown, list: string, name: string | undefined): unknown {
  return listAt(config, list).find((entry) => name !== undefined && stringAt(entry, "name") === name);
}

/** A credential stands inline as base64 under `<key>-data`, or in a file that is relative to the kubeconfig. */
async function readPem(
  from: { owner: unknown; section: string; key: string; file: string },
): Promise<string | undefined> {
  const data = stringAt(from.owner, from.section, `${from.key}-data`);
  if (data !== undefined) return atob(data);
  const path = stringAt(from.owner, from.section, from.key);
  if (path === undefined) return undefined;
  return await Deno.readTextFile(isAbsolute(path) ? path : join(dirname(from.file), path));
}
