/** The certificates of members and poolers: by the operator's own authority, or by cert-manager. */
import { certManagerStanding, whyNotReady } from "../../certs/cert_manager.ts";
import { keepCertificates } from "../../certs/keep.ts";
import type { Standing } from "../../certs/standing.ts";
import type { Statement } from "../../kube/conditions.ts";
import type { ReconcileContext } from "../../kube/controller.ts";
import { apply, type Step } from "../../kube/plan.ts";
import { certificateSet, desiredCertificates } from "./desired_certificates.ts";
import { Certificates } from "./kinds.ts";
import { type Cluster, keyIn, tlsMode } from "./shape.ts";

/** Condition that tells how the certificates stand; absent without TLS. */
export const CERTIFICATES_READY = "CertificatesReady";

export interface CertificateOutcome {
  readonly steps: readonly Step[];
  readonly statement: Statement | undefined;
  /** When to look again at the latest, in seconds; 0 when time changes nothing. */
  readonly checkAfterSeconds: number;
}

/** No watch tells that cert-manager was installed by somebody who may not be watched. */
const CERT_MANAGER_SECONDS = 60;

/** What is due for the certificates. While nothing is, no request is made. @throws ApiError, TransportError */
export async function certificateSteps(
  cluster: Cluster,
  tools: Pick<ReconcileContext, "cache" | "client" | "clock">,
): Promise<CertificateOutcome> {
  switch (tlsMode(cluster)) {
    case "off":
      return { steps: [], statement: undefined, checkAfterSeconds: 0 };
    case "own-authority": {
      const kept = await keepCertificates(certificateSet(cluster), tools);
      return {
        steps: kept.steps,
        statement: stated(kept.standing),
        checkAfterSeconds: kept.checkAfterSeconds,
      };
    }
    case "cert-manager":
      return byCertManager(cluster, tools);
  }
}

function byCertManager(cluster: Cluster, { cache }: Pick<ReconcileContext, "cache">): CertificateOutcome {
  if (certManagerStanding(cache) !== "served") {
    const message =
      "Cannot ask cert-manager for certificates as its Certificates are not served here, or not to the operator: " +
      "install cert-manager, or leave spec.tls.issuerRef out for the operator's own authority.";
    const statement = stated({ status: "False", reason: "CertManagerMissing", message });
    return { steps: [], statement, checkAfterSeconds: CERT_MANAGER_SECONDS };
  }
  const desired = desiredCertificates(cluster);
  const late = desired.flatMap(({ metadata: { name } }) => {
    const why = whyNotReady(cache.get(Certificates, keyIn(cluster, name)));
    return why === undefined ? [] : [`${name}: ${why}`];
  });
  const standing: Standing = late.length > 0
    ? { status: "False", reason: "Issuing", message: late.join("; ") }
    : {
      status: "True",
      reason: "Issued",
      message: `${desired.length} certificates were issued by cert-manager`,
    };
  return {
    steps: desired.map((certificate) => apply(Certificates, certificate)),
    statement: stated(standing),
    checkAfterSeconds: 0,
  };
}

function stated(standing: Standing): Statement {
  return { type: CERTIFICATES_READY, ...standing };
}
