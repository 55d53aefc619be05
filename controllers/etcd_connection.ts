/** The way to an etcd that a spec names, with the certificates from its Secrets. */
import type { KubeClient } from "../kube/client.ts";
import { Secrets } from "../kube/kinds.ts";
import { present } from "../resolve/present.ts";
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
  const texts = (name: string, keys: readonly string[]) => secretTexts(client, { namespace, name }, keys);
  const [caPem] = caSecret ? await texts(caSecret, ["ca.crt"]) : [];
  const [certPem, keyPem] = clientCertSecret ? await texts(clientCertSecret, ["tls.crt", "tls.key"]) : [];
  const tls = present({ caPem, certPem, keyPem });
  return Object.keys(tls).length === 0 ? { endpoints } : { endpoints, tls };
}

/**
 * The values of keys of a Secret, as text, in their order.
 * @throws TopologyError `invalid` when the Secret or a key is missing; ApiError when it cannot be read.
 */
export async function secretTexts(
  client: KubeClient,
  secret: { readonly namespace: string; readonly name: string },
  keys: readonly string[],
): Promise<string[]> {
  const found = await client.find(Secrets, secret);
  return keys.map((key) => {
    const value = found?.data?.[key];
    if (value !== undefined) return fromBase64(value);
    const why = found === undefined ? "it does not exist" : `it has no key ${key}`;
    throw new TopologyError(
      "invalid",
      `Cannot use Secret ${secret.name} for the topology as ${why}; create it, or name another one`,
    );
  });
}

function fromBase64(value: string): string {
  return new TextDecoder().decode(Uint8Array.from(atob(value), (each) => each.charCodeAt(0)));
}
