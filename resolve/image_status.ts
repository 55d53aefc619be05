/** What a cluster tells about its images. */
import type { ImagesStatus } from "../api/multigres/cluster_status.ts";
import type { Statement } from "../kube/conditions.ts";
import type { ImageDecision, ImageQuestion } from "./image_decision.ts";
import { describeChange, imageRevision, imageSource } from "./image_set.ts";

type Known = Exclude<ImageDecision, { kind: "unknown" }>;

/** `status.images`. A cluster whose images are all the user's has nothing to say about the operator's. */
export function imagesStatus(question: ImageQuestion, decision: Known): ImagesStatus {
  const { pins, policy, strategy, available } = question;
  const own = { effective: decision.effective, source: imageSource(pins) };
  if (decision.kind === "pinned") return own;
  return {
    ...own,
    applied: decision.applied,
    appliedRevision: imageRevision(decision.applied),
    available,
    availableRevision: imageRevision(available),
    updateStrategy: policy?.strategy ?? strategy,
  };
}

/** The condition that is true while images of this operator are held back. */
export function imagesCondition({ available }: ImageQuestion, decision: Known): Statement {
  const { reason } = decision;
  const type = "ImageRolloutPending";
  switch (decision.kind) {
    case "pinned":
      return { type, status: "False", reason, message: "All images are chosen in spec.images" };
    case "current":
      return { type, status: "False", reason, message: `Revision ${imageRevision(available)} is in use` };
    case "held":
      return {
        type,
        status: "True",
        reason,
        message: `Revision ${imageRevision(available)} is held back until it is named in ` +
          `spec.imageUpdatePolicy.acknowledgedRevision: ${describeChange(decision.applied, available)}`,
      };
  }
}
