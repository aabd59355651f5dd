// Reads flowcharts with Mermaid itself. Each line of input is a text and whether to draw it, as JSON:
// `{"text": "…", "draw": true}`; each line of output tells what Mermaid takes it for, and what can be
// seen in the picture. `loose` is the level at which Mermaid takes the most for HTML and links.

import { createInterface } from "node:readline";

import { JSDOM } from "jsdom";

const { window } = new JSDOM("", { pretendToBeVisual: true });
const { document } = window;
Object.assign(globalThis, { window, document });
globalThis.CSSStyleSheet ??= window.CSSStyleSheet;
// jsdom has no layout, and here any will do
window.SVGElement.prototype.getBBox = () => ({ x: 0, y: 0, width: 10, height: 10 });

const { default: mermaid } = await import("mermaid");
mermaid.initialize({
  startOnLoad: false,
  securityLevel: "loose",
  suppressErrorRendering: true,
  maxTextSize: 1e7,
  maxEdges: 1e5,
});

async function answer({ text, draw }) {
  const { db } = await mermaid.mermaidAPI.getDiagramFromText(text);
  const read = {
    groups: db.getSubGraphs(),
    nodes: [...db.getVertices().values()].map((node) => ({
      name: node.id,
      shape: node.type,
      lines: lines(html(node.text)),
      marks: [node.classes, node.styles, node.link ?? []].flat(),
    })),
    edges: db.getEdges().map((edge) => ({
      source: edge.start,
      target: edge.end,
      stroke: edge.stroke,
      lines: lines(html(edge.text)),
    })),
  };
  return draw ? { ...read, ...(await drawn(text, db)) } : read;
}

async function drawn(text, db) {
  const { config } = await mermaid.parse(text);
  const { svg } = await mermaid.render("picture", text);
  const picture = new window.DOMParser().parseFromString(svg, "text/html");
  const shown = (selector) => lines(picture.querySelector(selector));
  const elements = [...picture.querySelectorAll("*")];
  return {
    shown: [
      ...[...db.getVertices().values()].map((node) => shown(`#picture-${node.domId} .nodeLabel`)),
      ...db.getEdges().map((edge) => shown(`[data-id="${edge.id}"] .edgeLabel`)),
    ],
    config,
    tags: [...new Set(elements.map((element) => element.localName))],
    attributes: [...new Set(elements.flatMap((element) => element.getAttributeNames()))],
  };
}

/** A label as Mermaid hands it to the browser: its own form of entities is taken back. */
function html(label) {
  const holder = document.createElement("span");
  holder.innerHTML = label.replace(/ﬂ°°/g, "&#").replace(/ﬂ°/g, "&").replace(/¶ß/g, ";");
  return holder;
}

/** The text of a label by lines; an element in it stands there with its tag. */
function lines(label) {
  const found = [""];
  for (const node of (label.querySelector("p") ?? label).childNodes) {
    if (node.nodeName === "BR") found.push("");
    else found.push(found.pop() + (node.nodeName === "#text" ? node.data : node.outerHTML));
  }
  return found;
}

for await (const line of createInterface({ input: process.stdin })) {
  const told = await answer(JSON.parse(line)).catch((error) => ({ error: String(error) }));
  process.stdout.write(`${JSON.stringify(told)}\n`);
}
