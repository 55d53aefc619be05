/** `kubectl matriarch`, from source; `deno task plugin` makes one file of it. */
import { pluginMain } from "./plugin/main.ts";

const manifest = new URL("deploy/install.yaml", import.meta.url);

Deno.exit(await pluginMain(() => Deno.readTextFile(manifest)));
