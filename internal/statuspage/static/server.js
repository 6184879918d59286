// What the pages of a server do with script: tell what is pointed at, move
// through bars with arrow keys, keep what is unfolded. Pages are complete
// without it.
"use strict";
(() => {
  const doc = document;
  const all = (what, from = doc) => [...from.querySelectorAll(what)];

  // Each picture has a line below that says what is pointed at.
  const say = (box, text) => {
    const line = box.querySelector("[data-readout]") ?? box.parentElement.querySelector("[data-readout]");
    if (!line) return;
    line.dataset.rest ??= line.textContent;
    line.textContent = text ?? line.dataset.rest;
  };

  // The strip: the minute below the pointer, and a click that leads to it.
  const stripPlace = (svg, e) => {
    const box = svg.getBoundingClientRect();
    return Math.max(0, Math.min(svg.viewBox.baseVal.width - 1, Math.floor((e.clientX - box.left) / box.width * svg.viewBox.baseVal.width)));
  };
  doc.addEventListener("pointermove", (e) => {
    const svg = e.target.closest?.("svg.strip");
    if (!svg) return;
    const at = stripPlace(svg, e);
    const run = all("rect[data-x]", svg).find((r) => at >= +r.dataset.x && at < +r.dataset.x + +r.dataset.w);
    if (run) say(svg.closest("[data-readable]"), run.dataset.say);
  });
  doc.addEventListener("pointerout", (e) => {
    const box = e.target.closest?.("[data-readable]");
    if (box && !box.contains(e.relatedTarget)) say(box);
  });
  doc.addEventListener("click", (e) => {
    const hour = e.target.closest?.("svg.strip a.hour");
    if (!hour || !e.detail || e.metaKey || e.ctrlKey || e.shiftKey || e.button) return;
    e.preventDefault();
    const to = new URL(hour.href.baseVal, location.href), rect = hour.querySelector("rect");
    const minute = stripPlace(hour.ownerSVGElement, e) - +rect.getAttribute("x");
    const start = Date.parse(to.searchParams.get("minute") + ":00Z");
    if (!Number.isNaN(start)) to.searchParams.set("minute", new Date(start + minute * 60000).toISOString().slice(0, 16));
    location.assign(to);
  });
  doc.addEventListener("focusin", (e) => {
    const hour = e.target.closest?.("svg.strip a.hour");
    if (hour) say(hour.closest("[data-readable]"), hour.getAttribute("aria-label"));
  });

  // A list of links is one stop for the Tab key; arrows move within.
  const rove = (list) => {
    const links = all("a", list);
    const current = links.find((a) => a.ariaCurrent) ?? links.at(-1);
    links.forEach((a) => { a.tabIndex = a === current ? 0 : -1; });
  };
  const move = (e) => {
    const list = e.target.closest?.("[data-roving], svg.strip");
    const links = list ? all("a", list) : [];
    const at = links.indexOf(e.target.closest("a"));
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: links.length - 1 }[e.key];
    if (at < 0 || to === undefined || !links[to]) return;
    e.preventDefault();
    links[at].setAttribute("tabindex", -1);
    links[to].setAttribute("tabindex", 0);
    links[to].focus();
  };
  doc.addEventListener("keydown", move);

  // The chart: a hair, and the numbers of the table below it.
  const points = (plot) => all("table[data-points] tbody tr", plot.parentElement);
  const pick = (plot, n) => {
    const rows = points(plot), row = rows[Math.max(0, Math.min(rows.length - 1, n))];
    if (!row) return;
    plot.dataset.at = rows.indexOf(row);
    const hair = plot.querySelector("[data-hair]"), [when, p50, p95, count] = [...row.cells].map((c) => c.textContent.trim());
    hair.setAttribute("d", `M${row.dataset.x} 0v200`);
    hair.removeAttribute("hidden");
    say(plot, `${when}: p95 ${p95}, p50 ${p50}, n ${count}`);
  };
  const leave = (plot) => {
    plot.querySelector("[data-hair]")?.setAttribute("hidden", "");
    say(plot);
  };
  const ready = (from = doc) => {
    all("[data-roving]", from).forEach(rove);
    all("svg.strip", from).forEach((svg) => all("a", svg).forEach((a, i, links) => a.setAttribute("tabindex", i === links.length - 1 ? 0 : -1)));
    all("[data-plot]", from).forEach((plot) => {
      const svg = plot.querySelector("svg");
      svg.setAttribute("tabindex", 0);
      svg.addEventListener("pointermove", (e) => {
        const box = svg.getBoundingClientRect(), x = (e.clientX - box.left) / box.width * 1000;
        const rows = points(plot), near = (r) => Math.abs(r.dataset.x - x);
        pick(plot, rows.reduce((best, r, i) => (near(r) < near(rows[best]) ? i : best), 0));
      });
      svg.addEventListener("pointerleave", () => leave(plot));
      svg.addEventListener("blur", () => leave(plot));
      svg.addEventListener("keydown", (e) => {
        const step = { ArrowLeft: -1, ArrowRight: 1 }[e.key];
        if (!step) return;
        e.preventDefault();
        pick(plot, +(plot.dataset.at ?? points(plot).length - 1) + step);
      });
    });
    all("pre[data-copy]", from).forEach((pre) => {
      const button = doc.createElement("button");
      button.type = "button";
      button.textContent = "Copy";
      button.addEventListener("click", async () => {
        try {
          await navigator.clipboard.writeText(pre.textContent);
          button.textContent = "Copied";
        } catch { // without a secure context there is no clipboard
          getSelection().selectAllChildren(pre);
          button.textContent = "Selected";
        }
      });
      pre.after(button);
    });
  };
  ready();

  // The page came anew: take what changed, and leave unfolded what was.
  doc.addEventListener("alivemcp:page", (e) => {
    for (const old of all("[data-keep][id]")) {
      const fresh = e.detail.page.getElementById(old.id);
      if (!fresh || old.contains(doc.activeElement)) continue;
      const next = doc.importNode(fresh, true), folds = all("details", next);
      all("details", old).forEach((d, i) => { if (folds[i]) folds[i].open = d.open; });
      old.replaceWith(next);
      ready(next);
    }
    const strip = doc.getElementById("minutes");
    if (strip) ready(strip);
  });
})();
