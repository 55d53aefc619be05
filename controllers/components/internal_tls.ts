/** Certificates by which the components of a cluster know each other. */
import { internalCertificateName } from "../../api/multigres/certificate_names.ts";
import type { InternalTlsConfig } from "../../api/multigres/postgres.ts";
import type { Volume, VolumeMount } from "./pod_parts.ts";

/** A component that serves gRPC, and how its pod is to hold the certificate. */
export interface InternalTlsUse {
  readonly component: "multiadmin" | "multigateway" | "multiorch" | "multipooler";
  readonly cluster: string;
  readonly namespace: string;
  /** Folder of the files in the container. */
  readonly mountPath: string;
  /** Name of the volume in the pod. */
  readonly volume: string;
  /** Whether it calls poolers: it then shows its certificate to them, and accepts no other server. */
  readonly poolerClient: boolean;
}

export interface InternalTlsParts {
  /** A flag and its value are two tokens; the last flag has none. */
  readonly args: string[];
  readonly volumes: Volume[];
  readonly mounts: VolumeMount[];
}

/**
 * What the container and its pod get; all empty while the cluster has no internal certificates. The Secret bears the name
 * of the identity and holds `tls.crt`, `tls.key` and `ca.crt`. Everybody in the container may read it, because images run
 * as different users.
 */
export function internalTls(config: InternalTlsConfig | undefined, use: InternalTlsUse): InternalTlsParts {
  if (!config?.enabled) return { args: [], volumes: [], mounts: [] };
  const { component, mountPath, volume } = use;
  const secretName = internalCertificateName(component, use);
  return {
    args: [...serverFlags(mountPath), ...use.poolerClient ? clientFlags(use) : []],
    volumes: [{ name: volume, secret: { secretName, defaultMode: 0o444 } }],
    mounts: [{ name: volume, mountPath, readOnly: true }],
  };
}

/** `--grpc-ca` makes the server ask its clients for certificates. */
function serverFlags(folder: string): string[] {
  return [
    ...["--grpc-cert", `${folder}/tls.crt`],
    ...["--grpc-key", `${folder}/tls.key`],
    ...["--grpc-ca", `${folder}/ca.crt`],
    ...["--grpc-server-ca", `${folder}/ca.crt`],
  ];
}

function clientFlags(use: InternalTlsUse): string[] {
  const { mountPath: folder } = use;
  return [
    ...["--multipooler-grpc-cert", `${folder}/tls.crt`],
    ...["--multipooler-grpc-key", `${folder}/tls.key`],
    ...["--multipooler-grpc-ca", `${folder}/ca.crt`],
    ...["--multipooler-grpc-server-name", internalCertificateName("multipooler", use)],
    "--multipooler-grpc-require-tls",
  ];
}
