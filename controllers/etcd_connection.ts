/** The way to an etcd that a spec names, with the certificates from its Secrets. */
import type { KubeClient } from "../kube/client.ts";
import { Secrets } from "../kube/kinds.ts";
import type { EtcdConnection } from "../topology/etcd/connection.ts";
import { TopologyError } from "../topology/errors.ts";

/** Where an etcd is, and the Secrets of its namespace by which both sides are known. */
export interface EtcdAddress {
  readonly namespace: string;
  readonly endpoints: readonly string[];
  /** Has `ca.crt`. */
  readonly caSecret?: string | undefined;
  /** Has `tls.crt` and `tls.key`. */
  readonly clientCertSecret?: string | undefined;
}

/**
 * Reads the Secrets live: they are the user's, so they are not watched.
 * @throws TopologyError `invalid` when a Secret or a key of it is missing; ApiError when it cannot be read.
 */
export async function connectionTo(address: EtcdAddress, client: KubeClient): Promise<EtcdConnection> {
  const { namespace, endpoints, caSecret, clientCertSecret } = address;
  const text = (secret: string, key: string) => readKey(client, { namespace, name: secret }, key);
  const authority = caSecret ? { caPem: await text(caSecret, "ca.crt") } : {};
  const certificate = clientCertSecret
    ? { certPem: await text(clientCertSecret, "tls.crt"), keyPem: await text(clientCertSecret, "tls.key") }
    : {};
  const tls = { ...authority, ...certificate };
  return Object.keys(tls).length === 0 ? { endpoints } : { endpoints, tls };
}

async function readKey(
  client: KubeClient,
  secret: { readonly namespace: string; readonly name: string },
  key: string,
): Promise<string> {
  const found = await client.find(Secrets, secret);
  const value = found?.data?.[key];
  if (value !== undefined) {
    return new TextDecoder().decode(Uint8Array.from(atob(value), (each) => each.charCodeAt(0)));
  }
  const why = found === undefined ? "it does not exist" : `it has no key ${key}`;
  throw new TopologyError(
    "invalid",
    `Cannot use Secret ${secret.name} for the topology server as ${why}; create it, or name another one`,
  );
}
