/**
 * The certificate of a component, as it stands in its Secret. Programs read it when they start, and no sign was found that
 * they read it again; so another certificate, or other authorities to trust, take other pods.
 */
import { internalCertificateName } from "../../api/multigres/certificate_names.ts";
import { hashParts } from "../../api/multigres/names.ts";
import type { InternalTlsConfig } from "../../api/multigres/postgres.ts";
import type { Cache } from "../../kube/cache.ts";
import { type Secret, Secrets } from "../../kube/kinds.ts";
import type { Frozen, KubeObject } from "../../kube/types.ts";
import type { InternalTlsUse } from "./internal_tls.ts";

type Whose = Pick<InternalTlsUse, "component" | "cluster" | "namespace">;

/** The Secret with the certificate of a component; undefined while it is not there, or the cluster wants none. */
export function internalCertificate(
  cache: Cache,
  config: Frozen<InternalTlsConfig> | undefined,
  whose: Whose,
): Frozen<Secret> | undefined {
  if (!config?.enabled) return undefined;
  const { component, namespace } = whose;
  return cache.get(Secrets, { namespace, name: internalCertificateName(component, whose) });
}

/** Tells versions of a certificate and of the authorities beside it from each other; undefined without a certificate. */
export function certificateVersion(secret: Frozen<Secret> | undefined): string | undefined {
  const certificate = secret?.data?.["tls.crt"];
  return certificate === undefined ? undefined : hashParts([certificate, secret?.data?.["ca.crt"] ?? ""]);
}

/** Whether a Secret is the certificate of this component. */
export function isInternalCertificate({ metadata }: Frozen<KubeObject>, whose: Whose): boolean {
  return metadata.namespace === whose.namespace &&
    metadata.name === internalCertificateName(whose.component, whose);
}
