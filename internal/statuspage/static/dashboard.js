// The board: news, filters without a reload, j and k, tips of the bars.
"use strict";
(() => {
  const { all, one, make, parse, swap, ages, span, follow } = window.alivemcp;
  const doc = document;
  const form = doc.getElementById("filter");

  // News of the whole board.
  const digits = (n) => String(n).replace(/\B(?=(\d{3})+$)/g, "\u202f");
  const text = (e, s) => { if (e && e.textContent !== s) e.textContent = s; };
  doc.addEventListener("alivemcp:board", ({ detail: news }) => {
    text(doc.getElementById("sentence"), news.sentence);
    const behind = doc.getElementById("behind");
    if (behind) { behind.hidden = !news.trouble; text(behind, news.trouble); }
    const share = doc.getElementById("board-uptime");
    if (share) { text(share, news.uptime); share.title = news.share; }
    const asOf = doc.getElementById("as-of");
    if (asOf && news.as_of) { asOf.dateTime = news.as_of; ages(asOf.parentNode); }
    for (const [key, n] of Object.entries(news.totals)) {
      const b = one(`[data-total="${key}"]`);
      text(b, digits(n));
      b?.closest(".total")?.classList.toggle("none", n === 0);
    }
    const brand = doc.title.split(" · ").pop();
    doc.title = (news.totals.down ? digits(news.totals.down) + " down" : "Servers") + " · " + brand;
  });

  // Filters, sorting and pages: the same address, without a reload.
  let turn = 0;
  const load = async (url, push) => {
    const mine = ++turn;
    let fresh;
    try {
      const answer = await fetch(url, { headers: { Accept: "text/html" } });
      if (!answer.ok) throw new Error("refused");
      fresh = parse(await answer.text());
    } catch { location.href = url; return; }
    if (mine !== turn) return;
    if (push) history.pushState(null, "", url);
    const typing = doc.activeElement?.id === "search";
    for (const id of ["totals", "results", ...(typing ? ["chosen"] : ["filter"])]) {
      const old = doc.getElementById(id), now = fresh.getElementById(id);
      if (old && now) swap(old, now);
    }
    ages();
    wire();
    follow();
  };
  const here = () => {
    const f = doc.getElementById("filter"), v = new URLSearchParams();
    for (const [k, s] of new FormData(f)) if (s) v.append(k, s);
    return "/" + (v.size ? "?" + v : "");
  };
  let timer;
  const wire = () => {
    const f = doc.getElementById("filter");
    if (!f || f.dataset.wired) return;
    f.dataset.wired = "yes";
    f.addEventListener("submit", (e) => { e.preventDefault(); clearTimeout(timer); load(here(), true); });
    f.addEventListener("change", (e) => e.target.id !== "search" && load(here(), true));
    one("#search", f).addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(() => load(here(), false).then(() => history.replaceState(null, "", here())), 220); });
    one("#search", f).addEventListener("keydown", (e) => { if (e.key === "Escape" && !e.target.value) e.target.blur(); });
  };
  if (form) wire();
  doc.addEventListener("click", (e) => {
    const a = e.target.closest("#totals a, #results .board thead a, #results .pages a, #filter a, #results .empty a");
    if (!a || e.button || e.ctrlKey || e.metaKey || e.shiftKey || e.altKey) return;
    e.preventDefault();
    load(a.href, true).then(() => a.closest(".pages") && scrollTo(0, 0));
  });
  addEventListener("popstate", () => load(location.href, false));

  // j and k move a mark through the rows; the link has the focus, so Enter opens.
  const move = (by) => {
    const rows = all("[data-row]");
    if (!rows.length) return;
    const at = rows.findIndex((r) => r.classList.contains("here"));
    const to = at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + by));
    rows[at]?.classList.remove("here");
    rows[to].classList.add("here");
    one(".name a", rows[to]).focus({ preventScroll: true });
    rows[to].scrollIntoView({ block: "nearest" });
  };
  doc.addEventListener("alivemcp:key", ({ detail: e }) => {
    if (e.key === "j" || e.key === "k") { e.preventDefault(); move(e.key === "j" ? 1 : -1); }
  });

  // Tips: what a bar says, in minutes.
  const tip = make("div", { className: "tip", hidden: true, role: "presentation" });
  doc.body.append(tip);
  const told = (cell, x) => {
    const [first, ...rest] = cell.dataset.days.split(";");
    const box = one("svg", cell).getBoundingClientRect();
    const at = Math.min(89, Math.max(0, Math.floor((x - box.left) / box.width * 90)));
    const day = new Date(Date.parse(first) + at * 864e5).toLocaleDateString("en-GB", { timeZone: "UTC", weekday: "short", day: "numeric", month: "short" });
    const found = rest.map((r) => r.split(",")).find((r) => +r[0] === at);
    if (!found) return [day, "live all day"];
    const [, down, degraded, unknown, planned, cause] = found;
    const parts = [[down, "down"], [degraded, "degraded"], [planned, "of maintenance"], [unknown, "not measured"]]
      .filter(([n]) => +n).map(([n, word]) => span(n * 6e4) + " " + word);
    if (+unknown >= 1440) return [day, "not measured"];
    const words = new Map((cell.dataset.words ?? "").split(";").map((w) => w.split("=")));
    return [day, parts.join(", ") + (cause ? ": " + (words.get(cause) ?? cause) : "")];
  };
  doc.addEventListener("pointermove", (e) => {
    const cell = e.target.closest?.("[data-days]");
    tip.hidden = !cell?.dataset.days;
    if (tip.hidden) return;
    const [day, what] = told(cell, e.clientX), box = cell.getBoundingClientRect();
    tip.replaceChildren(make("b", { textContent: day }), what);
    tip.style.left = Math.max(8, Math.min(e.pageX - 60, scrollX + innerWidth - tip.offsetWidth - 16)) + "px";
    tip.style.top = box.top + scrollY - tip.offsetHeight - 2 + "px";
  });
})();
