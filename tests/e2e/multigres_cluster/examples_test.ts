import { clusterTest } from "../../support/cluster_stage.ts";

const password = `
apiVersion: v1
kind: Secret
metadata: { name: pw }
stringData: { password: secret }
`;

async function example(name: string): Promise<string> {
  const text = await Deno.readTextFile(new URL(`../../fixtures/multigres/${name}.yaml`, import.meta.url));
  return text.replaceAll(/"http:..127.0.0.1:2379"/g, "TOPO").replaceAll(
    /rootPath: \S+\/global/g,
    "rootPath: ROOT",
  );
}

for (
  const [file, name] of [["minimal", "minimal"], ["rich", "rich"], ["managed_topology", "managed"]] as const
) {
  clusterTest(`the cluster of the example ${name} becomes healthy`, async (stage) => {
    await stage.apply(password);
    await stage.apply(await example(file));
    await using _operator = stage.start();
    await stage.untilPhase(name, "Healthy");
  });
}
