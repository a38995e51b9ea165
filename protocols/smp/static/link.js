// The page of a link. What the link is good for stands behind its #, which browsers send to nobody; so
// what is made of it is made here, and stays here. Without script the page says how to do it by hand.
"use strict";

(() => {
  const MARGIN = 4;
  const SVG = "http://www.w3.org/2000/svg";
  const $ = (id) => document.getElementById(id);

  // Short links do not name their server; the app has to be told.
  function withHost(fragment, host) {
    if (!fragment.includes("?")) return `${fragment}?h=${host}`;
    if (!/[?&]h=/.test(fragment)) return `${fragment}&h=${host}`;
    return fragment.replace(/([?&]h=)/, (_, before) => `${before}${host},`);
  }

  function read() {
    const { host, hostname, pathname, hash } = new URL(window.location.href);
    const kind = pathname.split("/").filter(Boolean).pop();
    if (hash.length < 2) return null;
    const fragment = kind.length === 1 ? withHost(hash, hostname) : hash;
    return { web: `https://${host}/${kind}${hash}`, app: `simplex:/${kind}${fragment}` };
  }

  function element(name, attributes) {
    const node = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    return node;
  }

  function draw(rows) {
    const size = rows.length + 2 * MARGIN;
    const runs = rows.flatMap((row, y) => {
      const text = row.map(Number).join("");
      return [...text.matchAll(/1+/g)].map((run) =>
        `M${run.index + MARGIN} ${y + MARGIN}h${run[0].length}v1h-${run[0].length}z`);
    });
    const svg = element("svg", { viewBox: `0 0 ${size} ${size}`, "shape-rendering": "crispEdges" });
    svg.append(
      element("path", { fill: "#fff", d: `M0 0h${size}v${size}H0z` }),
      element("path", { d: runs.join("") }),
    );
    return svg;
  }

  function show() {
    const link = read();
    $("ready").hidden = $("how").hidden = $("scripted").hidden = link === null;
    $("incomplete").hidden = link !== null;
    $("by-hand").hidden = true;
    if (link === null) return;
    $("open").href = link.app;
    $("link").textContent = link.web;
    const rows = qrCode(link.web);
    $("qr").hidden = rows === null;
    if (rows !== null) $("qr").replaceChildren(draw(rows));
  }

  window.addEventListener("hashchange", show);
  show();
})();
