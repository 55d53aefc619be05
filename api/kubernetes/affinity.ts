/** `corev1.Affinity`: on which nodes, and near or far from which pods, the scheduler may place a pod. */
import { optional, type Output, required, struct } from "../schema/fields.ts";
import { int32, listOf, oneOf, text } from "../schema/values.ts";
import { labelSelector } from "./label_selector.ts";

const nodeSelectorRequirement = struct({
  key: required(text(), "Label or field of the node to look at."),
  operator: required(
    oneOf("In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"),
    "How the node's value is compared with values. Gt and Lt compare as integers.",
  ),
  values: optional(
    listOf(text()),
    "Values to compare with: at least one for In and NotIn, exactly one for Gt and Lt, none otherwise.",
  ),
});

const nodeSelectorTerm = struct({
  matchExpressions: optional(
    listOf(nodeSelectorRequirement),
    "Requirements on node labels, all of which must hold.",
  ),
  matchFields: optional(
    listOf(nodeSelectorRequirement),
    "Requirements on node fields such as metadata.name, all of which must hold.",
  ),
}, { atomic: true });

const nodeSelector = struct({
  nodeSelectorTerms: required(listOf(nodeSelectorTerm), "Alternatives: a node fits when one term fits."),
}, { atomic: true });

const preferredSchedulingTerm = struct({
  preference: required(nodeSelectorTerm, "Nodes that are preferred."),
  weight: required(int32({ min: 1, max: 100 }), "How much the preference counts, from 1 to 100."),
});

const nodeAffinity = struct({
  preferredDuringSchedulingIgnoredDuringExecution: optional(
    listOf(preferredSchedulingTerm),
    "Wishes: the scheduler adds up the weights of those that a node fulfils.",
  ),
  requiredDuringSchedulingIgnoredDuringExecution: optional(
    nodeSelector,
    "Conditions without which a pod is not placed. A pod that already runs stays where it is.",
  ),
});

const podAffinityTerm = struct({
  labelSelector: optional(labelSelector, "Pods that the term is about. Without it the term matches none."),
  matchLabelKeys: optional(
    listOf(text()),
    "Label keys whose values are taken from the pod to be placed, and which other pods must share.",
  ),
  mismatchLabelKeys: optional(
    listOf(text()),
    "Label keys whose values are taken from the pod to be placed, and in which other pods must differ.",
  ),
  namespaceSelector: optional(
    labelSelector,
    "Namespaces to look into, by their labels; an empty selector means all of them.",
  ),
  namespaces: optional(
    listOf(text()),
    "Namespaces to look into, by name, besides those selected. Without either: the pod's own.",
  ),
  topologyKey: required(
    text(),
    "Node label that says what counts as one place, such as topology.kubernetes.io/zone.",
  ),
});

const weightedPodAffinityTerm = struct({
  podAffinityTerm: required(podAffinityTerm, "The pods, and the kind of place, that the wish is about."),
  weight: required(int32({ min: 1, max: 100 }), "How much the wish counts, from 1 to 100."),
});

const podAffinity = struct({
  preferredDuringSchedulingIgnoredDuringExecution: optional(
    listOf(weightedPodAffinityTerm),
    "Places that are preferred, as pods that match run there.",
  ),
  requiredDuringSchedulingIgnoredDuringExecution: optional(
    listOf(podAffinityTerm),
    "Places where matching pods must run, else the pod is not placed.",
  ),
});

const podAntiAffinity = struct({
  preferredDuringSchedulingIgnoredDuringExecution: optional(
    listOf(weightedPodAffinityTerm),
    "Places that are avoided if possible, as pods that match run there.",
  ),
  requiredDuringSchedulingIgnoredDuringExecution: optional(
    listOf(podAffinityTerm),
    "Places where no matching pod may run, else the pod is not placed.",
  ),
});

export const affinity = struct({
  nodeAffinity: optional(nodeAffinity, "Which nodes a pod may, or should, run on."),
  podAffinity: optional(podAffinity, "Which pods a pod must, or should, run close to."),
  podAntiAffinity: optional(podAntiAffinity, "Which pods a pod must, or should, keep away from."),
});

export type Affinity = Output<typeof affinity>;
