// What every page does with script: ages that tick, the live stream, keys, the
// palette. Pages are complete without it.
"use strict";
(() => {
  const doc = document, root = doc.documentElement, body = doc.body;
  root.classList.add("scripted");
  const all = (what, from = doc) => [...from.querySelectorAll(what)];
  const one = (what, from = doc) => from.querySelector(what);
  // What is parsed comes from our own origin and is escaped there.
  const policy = window.trustedTypes ? trustedTypes.createPolicy("alivemcp", { createHTML: (s) => s }) : { createHTML: (s) => s };
  const parse = (html) => new DOMParser().parseFromString(policy.createHTML(html), "text/html");
  const make = (tag, props = {}, ...inside) => {
    const e = doc.createElement(tag);
    for (const [k, v] of Object.entries(props)) k in e ? (e[k] = v) : e.setAttribute(k, v);
    e.append(...inside);
    return e;
  };
  const tell = (name, detail) => doc.dispatchEvent(new CustomEvent("alivemcp:" + name, { detail }));

  // Ages.
  const span = (ms) => {
    const s = Math.max(0, Math.floor(ms / 1000)), m = Math.floor(s / 60), h = Math.floor(m / 60);
    if (s < 60) return s + " s";
    if (m < 60) return m + " min";
    if (h < 48) return h + " h" + (m % 60 ? " " + (m % 60) + " min" : "");
    return Math.floor(h / 24) + " days";
  };
  const age = (t) => {
    const when = Date.parse(t.dateTime);
    if (Number.isNaN(when)) return;
    t.title ||= t.textContent;
    const text = span(Date.now() - when);
    const shown = "ago" in t.dataset ? text + " ago" : text;
    if (t.textContent !== shown) t.textContent = shown;
  };
  const ages = (from = doc) => all("time[data-ago], time[data-since]", from).forEach(age);
  ages();
  setInterval(() => doc.hidden || all("time[data-ago]").forEach(age), 1000);
  setInterval(() => doc.hidden || ages(), 30000);

  // Parts of a page are replaced in place; focus stays where it was.
  const swap = (old, fresh) => {
    if (old.isEqualNode(fresh)) return false;
    const path = old.contains(doc.activeElement) && doc.activeElement;
    const at = path ? all("a, button, input, select, summary", old).indexOf(path) : -1;
    fresh = doc.importNode(fresh, true);
    old.replaceWith(fresh);
    ages(fresh.parentNode);
    if (at >= 0) all("a, button, input, select, summary", fresh)[at]?.focus({ preventScroll: true });
    return fresh;
  };
  const patchRow = (fresh) => {
    const slug = fresh.dataset.row, old = one(`[data-row="${CSS.escape(slug)}"]`);
    if (!old) return;
    const was = old.dataset.state, here = old.classList.contains("here");
    const now = swap(old, fresh);
    if (!now) return;
    now.classList.toggle("here", here);
    if (was !== now.dataset.state) now.classList.add("fresh");
    tell("row", { slug, row: now });
  };

  // The page anew: for polling, for what was missed, for pages that are no list.
  let etag = "";
  const refetch = async () => {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, cache: "no-cache" });
    if (!answer.ok || etag && answer.headers.get("ETag") === etag) return answer.ok;
    etag = answer.headers.get("ETag");
    const fresh = parse(await answer.text());
    all("[data-row]", fresh).forEach(patchRow);
    all("[data-fresh][id]", fresh).forEach((part) => {
      const old = doc.getElementById(part.id);
      if (old) swap(old, part);
    });
    place = fresh.body.dataset.live ?? place;
    tell("page", { page: fresh });
    return true;
  };

  // The stream. Without it the page is fetched every minute.
  let place = body.dataset.live, source, heard = Date.now(), later;
  const following = place !== undefined;
  const say = (text) => {
    const e = doc.getElementById("stream");
    if (e && e.textContent !== text) e.textContent = text;
  };
  const watched = () => [...new Set([...all("[data-row]").map((e) => e.dataset.row), ...all("[data-watch]").map((e) => e.dataset.watch)])];
  const close = () => { source?.close(); source = null; clearTimeout(later); };
  const follow = () => {
    close();
    if (!following || doc.hidden) return;
    source = new EventSource(`/events?after=${place}&watch=${encodeURIComponent(watched().join(","))}`);
    heard = Date.now();
    source.addEventListener("row", (e) => {
      heard = Date.now();
      const row = one("[data-row]", parse("<table>" + e.data + "</table>"));
      if (!row) return;
      patchRow(row);
      if (one(`[data-watch="${CSS.escape(row.dataset.row)}"]`)) refetch().catch(() => {});
    });
    source.addEventListener("board", (e) => {
      heard = Date.now();
      place = e.lastEventId || place;
      say("updates by itself");
      tell("board", JSON.parse(e.data));
    });
    source.addEventListener("resync", () => { heard = Date.now(); refetch().catch(() => {}); });
    source.onerror = () => {
      if (source?.readyState === EventSource.CLOSED) { close(); later = setTimeout(poll, 500); } // refused
      else say("The live connection broke; the page may be old. Trying again.");
    };
  };
  const poll = async () => {
    try {
      say(await refetch() ? "asks every minute" : "The monitor does not answer; the page may be old.");
    } catch {
      say("The monitor cannot be reached; the page may be old.");
    }
    if (!doc.hidden) later = setTimeout(follow, 60000);
  };
  setInterval(() => {
    if (source && Date.now() - heard > 60000) { say("The live connection is silent; the page may be old."); follow(); }
  }, 10000);
  doc.addEventListener("visibilitychange", () => (doc.hidden ? close() : (ages(), follow())));
  addEventListener("pagehide", close);
  addEventListener("pageshow", (e) => e.persisted && follow());
  follow();

  // The palette: jump to a server.
  let palette;
  const openPalette = () => {
    if (!palette) palette = makePalette();
    if (palette.open) return;
    palette.showModal();
    const input = one("input", palette);
    input.value = "";
    input.dispatchEvent(new Event("input"));
  };
  const makePalette = () => {
    const list = make("ul", { id: "jumps", role: "listbox", "aria-label": "Servers" });
    const input = make("input", { type: "search", role: "combobox", "aria-label": "Jump to a server", placeholder: "Jump to a server", autocomplete: "off", "aria-expanded": "true", "aria-controls": "jumps", maxLength: 200 });
    const dialog = make("dialog", { id: "palette", "aria-label": "Jump to a server" }, input, list, make("p", { textContent: "Up and down to choose, Enter to open, Esc to leave" }));
    body.append(dialog);
    let chosen = 0, asked = 0, timer;
    const choose = (n) => {
      const items = all("li", list);
      if (!items.length) return;
      chosen = (n + items.length) % items.length;
      items.forEach((li, i) => li.setAttribute("aria-selected", i === chosen));
      items[chosen].scrollIntoView({ block: "nearest" });
      input.setAttribute("aria-activedescendant", items[chosen].id);
    };
    const ask = async () => {
      const turn = ++asked;
      try {
        const found = await (await fetch("/servers.json?q=" + encodeURIComponent(input.value))).json();
        if (turn !== asked) return;
        list.replaceChildren(...found.map((s, i) => {
          const li = make("li", { id: "jump" + i, role: "option" }, make("span", { textContent: s.name }), make("small", { textContent: s.state }));
          li.dataset.href = "/status/" + encodeURIComponent(s.slug);
          return li;
        }));
        if (!found.length) list.replaceChildren(make("li", { role: "option", "aria-disabled": "true", textContent: "No server matches" }));
        choose(0);
      } catch { /* the page stays as it is */ }
    };
    const open = (li) => li?.dataset.href && (location.href = li.dataset.href);
    input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, 80); });
    list.addEventListener("click", (e) => open(e.target.closest("li")));
    dialog.addEventListener("click", (e) => e.target === dialog && dialog.close());
    input.addEventListener("keydown", (e) => {
      if (e.key === "ArrowDown") choose(chosen + 1);
      else if (e.key === "ArrowUp") choose(chosen - 1);
      else if (e.key === "Enter") open(all("li", list)[chosen]);
      else return;
      e.preventDefault();
    });
    return dialog;
  };

  // Keys. Single letters can be turned off (WCAG 2.1.4).
  const keysOff = () => { try { return localStorage.getItem("alivemcp-keys") === "off"; } catch { return false; } };
  let help;
  const openHelp = () => {
    if (!help) {
      const places = all(".top nav a").map((a) => ["g " + a.textContent.trim()[0].toLowerCase(), a.textContent.trim()]);
      const rows = [["/", "Search"], ["Ctrl K", "Jump to a server"], ["j k", "Next, previous server"], ["Enter", "Open it"], ["n p", "Next, previous page"], ...places, ["?", "These keys"]];
      const box = make("input", { type: "checkbox", checked: !keysOff() });
      box.addEventListener("change", () => { try { localStorage.setItem("alivemcp-keys", box.checked ? "on" : "off"); } catch { /* not kept */ } });
      const shut = make("button", { type: "button", textContent: "Close" });
      help = make("dialog", { id: "help", "aria-label": "Keys" }, make("h2", { textContent: "Keys" }),
        make("dl", {}, ...rows.flatMap(([keys, what]) => [make("dt", {}, ...keys.split(" ").flatMap((k) => [make("kbd", { textContent: k }), " "])), make("dd", { textContent: what })])),
        make("label", { className: "tick" }, box, make("span", { textContent: "Use single-letter keys" })), make("p", {}, shut));
      shut.addEventListener("click", () => help.close());
      body.append(help);
    }
    help.open || help.showModal();
  };
  let pending = 0;
  doc.addEventListener("keydown", (e) => {
    if ((e.ctrlKey || e.metaKey) && !e.altKey && e.key.toLowerCase() === "k") { e.preventDefault(); openPalette(); return; }
    const busy = e.target.closest("input, select, textarea, [contenteditable], dialog");
    if (busy || e.ctrlKey || e.metaKey || e.altKey || keysOff() && e.key !== "?") return;
    if (Date.now() - pending < 1500) {
      pending = 0;
      const there = all(".top nav a").find((a) => a.textContent.trim()[0].toLowerCase() === e.key);
      if (there) { e.preventDefault(); location.href = there.href; }
      return;
    }
    const does = { "?": openHelp, g: () => (pending = Date.now()), "/": () => { const s = doc.getElementById("search"); s ? (s.focus(), s.select()) : openPalette(); },
      n: () => one("a[rel=next]")?.click(), p: () => one("a[rel=prev]")?.click() }[e.key];
    if (does) { e.preventDefault(); does(); } else tell("key", e);
  });

  window.alivemcp = Object.freeze({ all, one, make, parse, swap, ages, span, refetch, follow });
})();
