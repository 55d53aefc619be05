/**
 * Draws the dashboards as they are laid out, with made-up numbers: `deno run --allow-read=deploy/observability
 * --allow-write=docs/pictures deploy/observability/draw.ts`. Places, titles, units and legends are those of the files;
 * Grafana's own looks are not copied.
 */
import { seededRandom } from "../../kube/random.ts";
import { at, listAt, stringAt } from "../../tests/ground/json.ts";

const FOLDER = new URL("./dashboards/", import.meta.url);
const PICTURES = new URL("../../docs/pictures/", import.meta.url);

/** Pixels of one of the grid's 24 columns, and of one unit of height. */
const COLUMN = 50;
const UNIT = 26;
const GAP = 8;
const HEAD = 56;

const COLOURS = ["#7eb26d", "#eab839", "#6ed0e0", "#ef843c", "#e24d42", "#1f78c1"];

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** What stands for the labels in legends. */
const NAMES: Readonly<Record<string, string>> = {
  controller: "shard",
  result: "success",
  operation: "VALIDATE",
  method: "PATCH",
  verb: "PATCH",
  code: "200",
  resource: "pods",
  name: "orders",
  namespace: "shop",
  cluster: "orders",
  shard: "orders-0-inf",
  pool: "main",
  cell: "zone-a",
  state: "ready",
  phase: "Running",
  username: "app",
  pod: "orders-main-0",
  instance: "10.1.0.7:8443",
};

const UNITS: Readonly<Record<string, string>> = {
  s: " s",
  ops: "/s",
  reqps: "/s",
  bytes: " MiB",
  mbytes: " MiB",
  percentunit: " %",
};

function gridOf(panel: unknown): Box {
  const number = (key: string) => Number(at(panel, "gridPos", key) ?? 0);
  return {
    x: number("x") * COLUMN + GAP,
    y: number("y") * UNIT + HEAD,
    width: number("w") * COLUMN - GAP,
    height: number("h") * UNIT - GAP,
  };
}

function text(x: number, y: number, words: string, more = ""): string {
  const safe = words.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
  return `<text x="${x}" y="${y}" ${more}>${safe}</text>`;
}

function unitOf(panel: unknown): string {
  return UNITS[stringAt(panel, "fieldConfig", "defaults", "unit") ?? ""] ?? "";
}

function legendsOf(panel: unknown): string[] {
  return listAt(panel, "targets").map((target) => {
    const legend = stringAt(target, "legendFormat") ?? "";
    if (legend === "__auto") return stringAt(panel, "title") ?? "";
    return legend.replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => NAMES[label] ?? label);
  });
}

type Random = () => number;

function stat(panel: unknown, box: Box, random: Random): string {
  // What has thresholds counts troubles or costs: a picture of peace.
  const isTrouble = listAt(panel, "fieldConfig", "defaults", "thresholds", "steps").length > 1;
  const value = isTrouble ? `0${unitOf(panel)}` : `${Math.ceil(random() * 9)}${unitOf(panel)}`;
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2 + 22];
  return text(x, y, value, 'text-anchor="middle" font-size="30" fill="#7eb26d"');
}

function lines(panel: unknown, box: Box, random: Random): string {
  const legends = legendsOf(panel);
  const [left, right, top] = [box.x + 46, box.x + box.width - 10, box.y + 34];
  const bottom = box.y + box.height - 18 - 15 * legends.length;
  const scale = [0, 1, 2].map((step) => {
    const y = bottom - (bottom - top) * step / 2;
    return `<path d="M${left} ${y}H${right}" stroke="#2c3235"/>` +
      text(left - 6, y + 4, `${step}${unitOf(panel)}`, 'text-anchor="end" font-size="10" fill="#8e8e8e"');
  });
  const series = legends.map((legend, index) => {
    const colour = COLOURS[index % COLOURS.length] ?? "#7eb26d";
    const base = 0.25 + 0.5 * random();
    const points = Array.from({ length: 40 }, (_, step) => {
      const height = Math.min(1, Math.max(0, base + 0.1 * (random() - 0.5)));
      return `${(left + (right - left) * step / 39).toFixed(1)},${
        (bottom - (bottom - top) * height).toFixed(1)
      }`;
    });
    const y = bottom + 20 + 15 * index;
    return `<polyline points="${points.join(" ")}" fill="none" stroke="${colour}" stroke-width="1.5"/>` +
      `<rect x="${left}" y="${y - 5}" width="12" height="3" fill="${colour}"/>` +
      text(left + 18, y, legend, 'font-size="11" fill="#c7d0d9"');
  });
  return [...scale, ...series].join("");
}

function table(box: Box): string {
  const rows = [["name", "namespace", "phase"], ["orders", "shop", "Healthy"], [
    "stock",
    "shop",
    "Progressing",
  ]];
  return rows.map((cells, row) =>
    cells.map((cell, column) =>
      text(box.x + 14 + column * box.width / 3, box.y + 48 + row * 24, cell, `font-size="12" fill="#c7d0d9"`)
    ).join("")
  ).join("");
}

function drawn(panel: unknown): string {
  const box = gridOf(panel);
  const title = stringAt(panel, "title") ?? "";
  const kind = stringAt(panel, "type");
  if (kind === "row") {
    return text(box.x, box.y + 17, title, 'font-size="14" font-weight="600" fill="#d8d9da"');
  }
  const random = seededRandom([...title].reduce((sum, letter) => sum + letter.charCodeAt(0), 0));
  const { x, y, width, height } = box;
  const frame =
    `<rect x="${x}" y="${y}" width="${width}" height="${height}" rx="2" fill="#181b1f" stroke="#2c3235"/>` +
    text(x + 10, y + 20, title, 'font-size="13" fill="#d8d9da"');
  switch (kind) {
    case "stat":
      return frame + stat(panel, box, random);
    case "table":
      return frame + table(box);
    default:
      return frame + lines(panel, box, random);
  }
}

function picture(dashboard: unknown): string {
  const panels = listAt(dashboard, "panels");
  const height = Math.max(...panels.map(gridOf).map((box) => box.y + box.height)) + GAP;
  const width = 24 * COLUMN + GAP;
  const title = stringAt(dashboard, "title") ?? "";
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif">`,
    `<title>${title}: layout with made-up numbers</title>`,
    `<rect width="${width}" height="${height}" fill="#111217"/>`,
    text(GAP, 34, title, 'font-size="20" fill="#ffffff"'),
    text(
      width - GAP,
      34,
      "layout of the file, made-up numbers",
      'text-anchor="end" font-size="12" fill="#8e8e8e"',
    ),
    ...panels.map(drawn),
    "</svg>",
    "",
  ].join("\n");
}

if (import.meta.main) {
  for (const name of ["operator-overview", "cluster-health", "data-plane"]) {
    const dashboard: unknown = JSON.parse(await Deno.readTextFile(new URL(`${name}.json`, FOLDER)));
    await Deno.writeTextFile(new URL(`dashboard-${name}.svg`, PICTURES), picture(dashboard));
  }
}
