/** The CustomResourceDefinition of a declared kind. Only `matriarch crds` and tests load this module. */
import type { KindDefinition, PrinterColumn, ScaleSubresource } from "./kind.ts";
import { type StructuralSchema, structuralSchema } from "./structural.ts";

export interface CustomResourceDefinition {
  apiVersion: "apiextensions.k8s.io/v1";
  kind: "CustomResourceDefinition";
  metadata: { name: string };
  spec: {
    group: string;
    names: {
      categories?: string[];
      kind: string;
      listKind: string;
      plural: string;
      shortNames?: string[];
      singular: string;
    };
    scope: "Namespaced";
    versions: CustomResourceDefinitionVersion[];
  };
}

export interface CustomResourceDefinitionVersion {
  name: string;
  served: boolean;
  storage: boolean;
  additionalPrinterColumns?: PrinterColumn[];
  schema: { openAPIV3Schema: StructuralSchema };
  subresources?: { status?: Record<string, never>; scale?: ScaleSubresource };
}

/** The fields that every object has, explained in the words of this program. */
const commonProperties: Readonly<Record<string, StructuralSchema>> = {
  apiVersion: {
    description: "Group and version of the schema that this object follows.",
    type: "string",
  },
  kind: {
    description: "Name of the schema that this object follows. It cannot change after creation.",
    type: "string",
  },
  metadata: { type: "object" },
};

function rootSchema(definition: KindDefinition): StructuralSchema {
  const { kind, status, statusDescription, rules = [] } = definition;
  if (status !== undefined && statusDescription === undefined) {
    throw new TypeError(`Cannot describe the status of ${kind} as statusDescription is missing`);
  }
  return {
    description: definition.description,
    type: "object",
    properties: {
      ...structuredClone(commonProperties),
      spec: { description: definition.specDescription, ...structuralSchema(definition.spec, `${kind}.spec`) },
      ...(status === undefined || statusDescription === undefined
        ? {}
        : { status: { description: statusDescription, ...structuralSchema(status, `${kind}.status`) } }),
    },
    ...(definition.specOptional ? {} : { required: ["spec"] }),
    ...(rules.length > 0 ? { "x-kubernetes-validations": structuredClone([...rules]) } : {}),
  };
}

function subresources(definition: KindDefinition): CustomResourceDefinitionVersion["subresources"] {
  const { scale, status } = definition;
  if (scale === undefined && status === undefined) return undefined;
  return {
    ...(status === undefined ? {} : { status: {} }),
    ...(scale === undefined ? {} : { scale: { ...scale } }),
  };
}

/**
 * The CRD of a kind as a plain object, with one served and stored version.
 * @throws TypeError when a field lacks its description, or a node has no structural form.
 */
export function customResourceDefinition(
  kind: { readonly definition: KindDefinition },
): CustomResourceDefinition {
  const { definition } = kind;
  const { categories = [], shortNames = [], printerColumns = [] } = definition;
  const parts = subresources(definition);
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${definition.plural}.${definition.group}` },
    spec: {
      group: definition.group,
      names: {
        ...(categories.length > 0 ? { categories: [...categories] } : {}),
        kind: definition.kind,
        listKind: `${definition.kind}List`,
        plural: definition.plural,
        ...(shortNames.length > 0 ? { shortNames: [...shortNames] } : {}),
        singular: definition.singular,
      },
      scope: "Namespaced",
      versions: [{
        name: definition.version,
        served: true,
        storage: true,
        ...(printerColumns.length > 0
          ? { additionalPrinterColumns: printerColumns.map((c) => ({ ...c })) }
          : {}),
        schema: { openAPIV3Schema: rootSchema(definition) },
        ...(parts === undefined ? {} : { subresources: parts }),
      }],
    },
  };
}
