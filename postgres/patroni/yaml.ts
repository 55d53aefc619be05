/** YAML as Patroni and Spilo read it. */
import { stringify } from "yaml";
import { Recent } from "../../kube/recent.ts";

/** Passes over a cluster ask for its few documents again and again, by their values as JSON. */
const documents = new Recent<string>(128);

/** Texts are quoted where YAML would take them for something else; keys keep their order. Values are plain data. */
export function yaml(value: unknown): string {
  // To write YAML costs a hundred times as much as JSON.
  return documents.get(JSON.stringify(value), () =>
    stringify(value, {
      aliasDuplicateObjects: false,
      lineWidth: 0,
      defaultStringType: "QUOTE_DOUBLE",
      defaultKeyType: "PLAIN",
    }));
}
