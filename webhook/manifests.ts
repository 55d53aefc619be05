/** The configurations as files, with the reason for each hook's failure policy. Only tests and generators load this. */
import { Document, isMap, isSeq } from "yaml";
import {
  type ConfigurationOptions,
  mutatingConfiguration,
  validatingConfiguration,
  type WebhookConfiguration,
} from "./configurations.ts";
import { registrations } from "./registrations.ts";

/** Names of a usual installation. */
export const usualInstallation: ConfigurationOptions = {
  client: (path) => ({
    service: { name: "multigres-operator-webhook-service", namespace: "multigres-operator", path },
  }),
  account: { namespace: "multigres-operator", serviceAccount: "multigres-operator-controller-manager" },
};

/** One configuration as YAML. */
export function renderConfiguration(configuration: WebhookConfiguration): string {
  const document = new Document(configuration, { aliasDuplicateObjects: false });
  document.commentBefore = " Made by manifests/webhook/generate.ts. The operator fills in caBundle.";
  const hooks = document.get("webhooks");
  for (const hook of isSeq(hooks) ? hooks.items : []) {
    if (!isMap(hook)) continue;
    const why = registrations.find(({ name }) => name === hook.get("name"))?.why ?? "";
    const pair = hook.items.find(({ key }) => String(key) === "failurePolicy");
    if (pair !== undefined && typeof pair.key === "object" && pair.key !== null) {
      Reflect.set(pair.key, "commentBefore", wrapped(why, 100));
    }
  }
  return document.toString({ lineWidth: 0 });
}

function wrapped(text: string, width: number): string {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1) ?? "";
    if (line.length + word.length < width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(` ${word}`);
  }
  return lines.join("\n");
}

/** The files of `manifests/webhook/`: name and content. */
export function configurationFiles(): { readonly name: string; readonly content: string }[] {
  return [
    { name: "mutating.yaml", content: renderConfiguration(mutatingConfiguration(usualInstallation)) },
    { name: "validating.yaml", content: renderConfiguration(validatingConfiguration(usualInstallation)) },
  ];
}
