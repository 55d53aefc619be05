/** Annotations, finalizers and field managers of the Multigres family. */

/** On Cells, TableGroups and Shards: RFC 3339 time since which the object is to be taken down in good order. */
export const pendingDeletionAnnotation = "multigres.com/pending-deletion";

/** On pods of pools: hash of the part of the pod's spec that a restart is needed to change. */
export const specHashAnnotation = "multigres.com/spec-hash";

/** On pods of pools: hash of what the user asked for, as far as it reaches the pod. */
export const userHashAnnotation = "multigres.com/user-hash";

/**
 * Set to "true" by users on MultigresClusters, and carried down: pods that differ only by what the operator itself changed
 * are replaced too.
 */
export const adoptOperatorChangesAnnotation = "multigres.com/adopt-operator-changes";

/** On pods of pools: SHA-256 of the server settings that take a restart, and of those that take a reload. */
export const postgresConfigHashAnnotation = "multigres.com/postgres-config-hash";
export const postgresReloadHashAnnotation = "multigres.com/postgres-reload-hash";

/** On pods of gateways: hash of the certificate that they show to clients, which they read when they start. */
export const certificateHashAnnotation = "multigres.com/certificate-hash";

/** On pods of stateless components: hash of the certificate by which they prove themselves, and of whom they trust. */
export const internalCertificateHashAnnotation = "multigres.com/internal-certificate-hash";

/** On pods of pools: the certificate that stood ready when the pod was made, as JSON. */
export const certificateTermsAnnotation = "multigres.com/certificate-terms";

/** On MultigresClusters: the operator's images in use, as JSON; `"fully-pinned"` when the user chose all of them. */
export const appliedImagesAnnotation = "multigres.com/applied-images";

/** Set by users on MultigresClusters, and carried down: project that telemetry belongs to. */
export const projectRefAnnotation = "multigres.com/project-ref";

/** On pods of pools: how far the pod is on its way out, and the RFC 3339 time since which it is. */
export const drainStateAnnotation = "drain.multigres.com/state";
export const drainRequestedAtAnnotation = "drain.multigres.com/requested-at";

/** On MultigresClusters: the trace of the request that changed the spec, for the reconcile to go on with. */
export const traceparentAnnotation = "multigres.com/traceparent";
export const tracestateAnnotation = "multigres.com/tracestate";
export const traceparentTimeAnnotation = "multigres.com/traceparent-ts";

/**
 * Set by users on MultigresClusters: who issues its certificates. `operator`, `cert-manager` (its default issuer), or an
 * issuer of cert-manager as `ClusterIssuer/<name>` or `Issuer/<name>`.
 */
export const certificateIssuerAnnotation = "multigres.com/certificate-issuer";

/** On Secrets with certificates: RFC 3339 time since which `ca.crt` holds what it holds. */
export const trustedSinceAnnotation = "multigres.com/trusted-since";

/** On both webhook configurations: who provides the certificate. */
export const certStrategyAnnotation = "multigres.com/cert-strategy";

/** Hints for Prometheus on pods of pools. Users cannot set them on gateways and orchestrators. */
export const scrapeAnnotationPrefix = "prometheus.io/";

/** On MultigresClusters: holds the object until what lies outside Kubernetes is cleaned up. */
export const clusterCleanupFinalizer = "multigres.com/cluster-cleanup";

/** On Shards: holds the object until its claims are marked as orphans or deleted. */
export const shardClaimsFinalizer = "multigres.com/shard-pvc-orphan";
