/** How the components prove themselves to an external topology server, and it to them. */
import type { GlobalTopoServerRef } from "../../api/multigres/topology.ts";
import type { EnvVar, Volume, VolumeMount } from "./pod_parts.ts";

type Projection = { readonly name: string; readonly keys: readonly string[] };

/** What a container that talks to the topology gets, and its pod. All empty without Secrets. */
export interface TopologyTls {
  /** Flags, each one token. */
  readonly args: readonly string[];
  readonly env: readonly EnvVar[];
  readonly volumes: readonly Volume[];
  readonly mounts: readonly VolumeMount[];
}

const NAME = "topology-tls";
const FOLDER = "/etc/multigres/topology-tls";

/** Where the images of the components keep the authorities that everybody trusts. */
const SYSTEM_FOLDER = "/etc/ssl/certs";

/**
 * | Secrets                     | the component                                             |
 * | --------------------------- | --------------------------------------------------------- |
 * | none                        | gets nothing                                              |
 * | client certificate          | presents it, and trusts the authorities of its image      |
 * | client certificate and CA   | presents it, and trusts that CA alone                     |
 * | CA                          | trusts that CA besides the authorities of its image (1)   |
 *
 * (1) The client takes `--topo-etcd-tls-ca` into account only beside a client certificate; without one it trusts what the
 * Go runtime trusts, and that reads `SSL_CERT_DIR`. The authority then counts for the other connections of the process too.
 *
 * The flags hold for every etcd that the process talks to, the local ones of cells included. Both Secrets are projected
 * into one folder, so one Secret with all three keys serves for both.
 */
export function topologyTls(
  { caSecret, clientCertSecret }: Pick<GlobalTopoServerRef, "caSecret" | "clientCertSecret">,
): TopologyTls {
  const ca = isNamed(caSecret) ? [{ name: caSecret, keys: ["ca.crt"] }] : [];
  const client = isNamed(clientCertSecret) ? [{ name: clientCertSecret, keys: ["tls.crt", "tls.key"] }] : [];
  const secrets = [...ca, ...client];
  if (secrets.length === 0) return { args: [], env: [], volumes: [], mounts: [] };
  return {
    args: client.length === 0 ? [] : flags(ca.length > 0),
    env: client.length === 0 ? [{ name: "SSL_CERT_DIR", value: `${SYSTEM_FOLDER}:${FOLDER}` }] : [],
    volumes: [volume(secrets)],
    mounts: [{ name: NAME, mountPath: FOLDER, readOnly: true }],
  };
}

function flags(hasAuthority: boolean): string[] {
  const authority = hasAuthority ? [`--topo-etcd-tls-ca=${FOLDER}/ca.crt`] : [];
  return [`--topo-etcd-tls-cert=${FOLDER}/tls.crt`, `--topo-etcd-tls-key=${FOLDER}/tls.key`, ...authority];
}

function volume(secrets: readonly Projection[]): Volume {
  const sources = secrets.map(({ name, keys }) => ({
    secret: { name, items: keys.map((key) => ({ key, path: key })) },
  }));
  // Readable for all, as the components do not all run as the same user.
  return { name: NAME, projected: { defaultMode: 0o444, sources } };
}

function isNamed(secret: string | undefined): secret is string {
  return secret !== undefined && secret !== "";
}
