/** The connection of a pod: what the kubelet puts into each one that has a service account. */
import type { Clock } from "./clock.ts";
import { systemClock } from "./clock.ts";
import type { Connection } from "./connection.ts";
import { ConnectionError, readCredential, tokenFromFile } from "./credential_file.ts";

/** Where the kubelet mounts the service account. */
export const SERVICE_ACCOUNT_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount";

export interface InClusterOptions {
  /** `KUBERNETES_SERVICE_HOST`: an address or a name. */
  readonly host: string | undefined;
  /** `KUBERNETES_SERVICE_PORT`. */
  readonly port: string | undefined;
  readonly folder?: string;
  readonly clock?: Pick<Clock, "monotonic">;
}

/**
 * Reads address, certificates, token and namespace of the pod this runs in.
 * @throws ConnectionError when this is no pod, or one without a service account's token.
 */
export async function loadInCluster(options: InClusterOptions): Promise<Connection> {
  const folder = options.folder ?? SERVICE_ACCOUNT_FOLDER;
  const server = serverOf(options.host, options.port);
  const caPem = await readCredential(`${folder}/ca.crt`, "the API server's certificate authority");
  const namespace = (await readCredential(`${folder}/namespace`, "the pod's namespace")).trim();
  const token = tokenFromFile(`${folder}/token`, options.clock ?? systemClock);
  await token();
  return { server, caPem, token, namespace };
}

function serverOf(host: string | undefined, port: string | undefined): string {
  if (host === undefined || host === "") {
    throw new ConnectionError(
      "Cannot find the API server of this pod as KUBERNETES_SERVICE_HOST is not set: this is no pod",
    );
  }
  const bracketed = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
  return `https://${bracketed}:${port === undefined || port === "" ? "443" : port}`;
}
