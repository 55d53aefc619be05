/** Keeps the certificates of a cluster, by the operator's own authority or by cert-manager. */
import { certificateIssuerAnnotation } from "../../api/multigres/annotations.ts";
import { clusterAuthoritySecretName } from "../../api/multigres/certificate_names.ts";
import {
  Certificates,
  certManagerStanding,
  watchedCertificates,
  whyNotReady,
} from "../../certs/cert_manager.ts";
import { keepCertificates } from "../../certs/keep.ts";
import { certificateSecrets } from "../../certs/secrets.ts";
import type { Standing } from "../../certs/standing.ts";
import type { Statement } from "../../kube/conditions.ts";
import type { ReconcileContext } from "../../kube/controller.ts";
import { apply, type Step } from "../../kube/plan.ts";
import { issuerOf } from "./certificate_issuer.ts";
import { leftoverSteps } from "./certificate_leftovers.ts";
import {
  CERT_MANAGER_DEFAULTS,
  certificateSet,
  type CertManagerSettings,
  desiredCertificates,
  isDnsName,
  wantedCertificates,
} from "./desired_certificates.ts";
import type { ClusterView } from "./view.ts";

/** What a controller that calls {@link certificateSteps} must own. */
export const ownedCertificates = [certificateSecrets, watchedCertificates] as const;

/** Condition that tells how the certificates stand. */
export const CERTIFICATES_READY = "CertificatesReady";

export interface CertificateOutcome {
  /** Writes, each with the event that tells of it. A plan of their own: what holds them up is no matter for the rest. */
  readonly steps: readonly Step[];
  /** Removals, to be carried out after pods were told of what they mount. */
  readonly cleanup: readonly Step[];
  /** Undefined while the cluster needs no certificate. */
  readonly statement: Statement | undefined;
  /** When to look again at the latest, in seconds; undefined when time changes nothing. */
  readonly checkAfterSeconds: number | undefined;
}

type Tools = Pick<ReconcileContext, "cache" | "client" | "clock">;

/** cert-manager's definitions are not there, or its answer is waited for, and no watch may tell of a change. */
const CERT_MANAGER_SECONDS = 15;
/** Certificates are being listed. */
const UNKNOWN_SECONDS = 2;

const nothing = { steps: [], cleanup: [], statement: undefined, checkAfterSeconds: undefined };

/**
 * Works out what is due for the certificates of a cluster. While nothing is, no request is made.
 * @throws ApiError and TransportError when Secrets cannot be read now.
 */
export async function certificateSteps(
  view: ClusterView,
  tools: Tools,
  settings: CertManagerSettings = CERT_MANAGER_DEFAULTS,
): Promise<CertificateOutcome> {
  const choice = issuerOf(view, tools.cache, settings);
  switch (choice.kind) {
    case "operator":
      return withNameChecked(view, await byOperator(view, tools));
    case "cert-manager":
      return certManagerStanding(tools.cache) === "unknown"
        ? notKnownYet(view)
        : withNameChecked(view, await byCertManager(view, tools, choice.settings));
    case "unreadable":
      return { ...nothing, statement: unreadableIssuer(choice.value) };
    case "unknown":
      return notKnownYet(view);
  }
}

async function byOperator(view: ClusterView, tools: Tools): Promise<CertificateOutcome> {
  const set = certificateSet(view);
  const names = set.leaves.map(({ secretName }) => secretName);
  if (names.length === 0) {
    return { ...nothing, cleanup: await leftoverSteps(view, { secrets: [], certificates: [] }, tools) };
  }
  const kept = await keepCertificates(set, tools);
  const secrets = [...names, clusterAuthoritySecretName(view.parent.name)];
  return {
    steps: kept.steps,
    cleanup: await leftoverSteps(view, { secrets, certificates: [] }, tools),
    statement: stated(kept.standing),
    checkAfterSeconds: kept.checkAfterSeconds,
  };
}

async function byCertManager(
  view: ClusterView,
  tools: Tools,
  settings: CertManagerSettings,
): Promise<CertificateOutcome> {
  const wanted = wantedCertificates(view);
  const desired = desiredCertificates(view, settings);
  const secrets = wanted.map(({ secretName }) => secretName);
  const certificates = wanted.map(({ objectName }) => objectName);
  const isServed = certManagerStanding(tools.cache) === "served";
  const standing = isServed ? issuedStanding(view, certificates, tools) : noCertManager;
  return {
    steps: isServed ? desired.map((certificate) => apply(Certificates, certificate)) : [],
    cleanup: isServed ? await leftoverSteps(view, { secrets, certificates }, tools) : [],
    statement: wanted.length === 0 ? undefined : stated(standing),
    checkAfterSeconds: wanted.length === 0 || isServed ? undefined : CERT_MANAGER_SECONDS,
  };
}

const noCertManager: Standing = {
  status: "False",
  reason: "CertManagerMissing",
  message:
    "Cannot ask cert-manager for certificates as its Certificates are not served here, or not to the " +
    `operator: install cert-manager, or set annotation ${certificateIssuerAnnotation} to operator.`,
};

function issuedStanding({ parent }: ClusterView, names: readonly string[], { cache }: Tools): Standing {
  const { namespace } = parent;
  const late = names.flatMap((name) => {
    const why = whyNotReady(cache.get(Certificates, { namespace, name }));
    return why === undefined ? [] : [`${name}: ${why}`];
  });
  if (late.length > 0) return { status: "False", reason: "Issuing", message: late.join("; ") };
  return {
    status: "True",
    reason: "Issued",
    message: `${names.length} certificates were issued by cert-manager`,
  };
}

function stated(standing: Standing): Statement {
  return { type: CERTIFICATES_READY, ...standing };
}

/** A name that no certificate can be for is said, whatever becomes of the others. */
function withNameChecked({ parent }: ClusterView, outcome: CertificateOutcome): CertificateOutcome {
  const { certCommonName = "" } = parent.cluster.settings;
  if (certCommonName === "" || isDnsName(certCommonName)) return outcome;
  const message =
    `Cannot issue a certificate for spec.certCommonName "${certCommonName}" as it is no DNS name: ` +
    "give one such as db.example.com.";
  return { ...outcome, statement: stated({ status: "False", reason: "InvalidCommonName", message }) };
}

function unreadableIssuer(value: string): Statement {
  const message =
    `Cannot tell who issues certificates as annotation ${certificateIssuerAnnotation} is "${value}": ` +
    "use operator, cert-manager, Issuer/<name> or ClusterIssuer/<name>.";
  return stated({ status: "False", reason: "InvalidIssuer", message });
}

/** For the first seconds of a process; what was said before still holds as far as anybody knows. */
function notKnownYet(view: ClusterView): CertificateOutcome {
  return { ...nothing, statement: statementBefore(view), checkAfterSeconds: UNKNOWN_SECONDS };
}

function statementBefore({ owner }: ClusterView): Statement {
  const before = owner.status?.conditions?.find(({ type }) => type === CERTIFICATES_READY);
  if (before !== undefined) {
    const { type, status, reason, message } = before;
    return { type, status, reason, message };
  }
  const message = "Whether cert-manager issues the certificates is being found out";
  return stated({ status: "Unknown", reason: "IssuerUnknown", message });
}
