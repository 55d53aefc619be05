/** Credentials that Kubernetes gives to a pod. */
import type { Clock } from "./clock.ts";
import type { Connection } from "./connection.ts";
import { ConnectionError, readText, refreshedToken } from "./credentials.ts";

/** Where a pod finds its ServiceAccount. */
export const SERVICE_ACCOUNT_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount";

export interface InClusterOptions {
  /** Values of `KUBERNETES_SERVICE_HOST` and `KUBERNETES_SERVICE_PORT`. */
  readonly host: string | undefined;
  readonly port: string | undefined;
  readonly clock: Pick<Clock, "monotonic">;
  readonly folder?: string;
}

/**
 * The connection of the pod's own ServiceAccount. The token is read again once a minute, as it is rotated.
 * @throws ConnectionError when this is no pod, or its ServiceAccount is not mounted.
 */
export async function loadInCluster(options: InClusterOptions): Promise<Connection> {
  const { host, port, clock, folder = SERVICE_ACCOUNT_FOLDER } = options;
  if (!host || !port) {
    throw new ConnectionError(
      "Cannot use the credentials of a pod as KUBERNETES_SERVICE_HOST or KUBERNETES_SERVICE_PORT is not set; " +
        "outside a cluster set KUBECONFIG or --kubeconfig",
    );
  }
  const token = refreshedToken(() => readText(`${folder}/token`, "the ServiceAccount token"), clock);
  await token();
  return {
    server: `https://${host.includes(":") ? `[${host}]` : host}:${port}`,
    caPem: await readText(`${folder}/ca.crt`, "the ServiceAccount's certificate authority"),
    namespace: (await readText(`${folder}/namespace`, "the ServiceAccount's namespace")).trim(),
    token,
  };
}
