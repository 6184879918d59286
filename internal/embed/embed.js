/* AliveMCP widget: shows the state of an MCP server on any page.
   <div id="alivemcp-embed" data-server="SLUG"></div> <script async src="https://HOST/embed.js"></script>
   data-style="card|badge" data-theme="dark|light|auto". Several: use data-alivemcp instead of the id.
   It must never harm its host: own shadow root, no inline styles, and every failure ends in a plain link. */
(function (doc, win) {
  'use strict';
  var self = doc.currentScript;
  if (!self || !self.src || !win.XMLHttpRequest) return;
  var origin = self.src.replace(/\/embed\.js([?#].*)?$/, '');
  var nonce = self.nonce;
  var words = { live: 'Live', degraded: 'Degraded', down: 'Down', unknown: 'Unknown' };
  var signs = { live: 'M8 3a5 5 0 1 1 0 10A5 5 0 0 1 8 3z', degraded: 'M8 2l7 12H1z',
    down: 'M2 2h12v12H2zm3 5v2h6V7z',
    unknown: 'M8 2a6 6 0 1 1 0 12A6 6 0 0 1 8 2zm0 2.2a3.8 3.8 0 1 0 0 7.6 3.8 3.8 0 0 0 0-7.6z' };
  var light = '--b:#fff;--l:#d3d9e0;--t:#1b232c;--m:#57626e;--live:#15713b;--degraded:#8a5600;--down:#b92b2b;--unknown:#57626e';
  var dark = '--b:#171d24;--l:#3a444f;--t:#eef2f6;--m:#a3aeb9;--live:#4ad387;--degraded:#f2b33d;--down:#ff857c;--unknown:#a3aeb9';
  var css = ':host{all:initial;display:inline-block;max-width:100%;vertical-align:middle}' +
    'a{all:initial;' + light + ';cursor:pointer;box-sizing:border-box;display:inline-flex;align-items:center;gap:.5em;max-width:100%;padding:.3em .8em;' +
    'border:1px solid var(--l);border-radius:2em;background:var(--b);color:var(--t);text-decoration:none;' +
    'font:500 13px/1.4 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;font-variant-numeric:tabular-nums}' +
    'a:hover{border-color:var(--m)}a:focus-visible{outline:2px solid var(--live);outline-offset:2px}' +
    '.dark{' + dark + '}@media(prefers-color-scheme:dark){.auto{' + dark + '}}' +
    'svg{flex:none;width:.9em;height:.9em;fill:currentColor}' +
    'b{display:inline-flex;align-items:center;gap:.4em;font-weight:650}.n{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}' +
    '.m{color:var(--m);white-space:nowrap}.card{display:flex;flex-flow:row wrap;justify-content:space-between;gap:.3em 1.2em;' +
    'width:20em;padding:.9em 1.1em;border-radius:.7em}.card .n{font-weight:650;font-size:1.08em;flex:1}' +
    '.card .m{flex:1 0 100%;font-size:.92em;white-space:normal}.live{color:var(--live)}.degraded{color:var(--degraded)}' +
    '.down{color:var(--down)}.unknown{color:var(--unknown)}@media(forced-colors:active){svg{fill:CanvasText}}';

  /* Style sheets made by script obey no style-src; the old way needs the page's nonce. */
  function dress(root) {
    try {
      var sheet = new CSSStyleSheet();
      sheet.replaceSync(css);
      root.adoptedStyleSheets = [sheet];
    } catch (e) {
      var style = doc.createElement('style');
      if (nonce) style.nonce = nonce;
      style.textContent = css;
      root.appendChild(style);
    }
  }

  function add(parent, tag, name, text) {
    var el = doc.createElement(tag);
    if (name) el.className = name;
    if (text) el.textContent = text;
    parent.appendChild(el);
    parent.appendChild(doc.createTextNode(' ')); // so that no word runs into the next when read aloud
    return el;
  }

  function sign(parent, state) {
    var ns = 'http://www.w3.org/2000/svg', svg = doc.createElementNS(ns, 'svg'), path = doc.createElementNS(ns, 'path');
    svg.setAttribute('viewBox', '0 0 16 16');
    svg.setAttribute('aria-hidden', 'true');
    path.setAttribute('d', signs[state]);
    path.setAttribute('fill-rule', 'evenodd');
    svg.appendChild(path);
    parent.appendChild(svg);
  }

  function ago(time) {
    var s = Math.round((Date.now() - Date.parse(time)) / 1000);
    if (!(s > 2)) return s <= 2 ? 'checked just now' : 'not checked yet';
    return 'checked ' + (s < 60 ? s + ' s' : s < 5400 ? Math.round(s / 60) + ' min' : s < 129600 ? Math.round(s / 3600) + ' h' : Math.round(s / 86400) + ' d') + ' ago';
  }

  function Widget(host) {
    var slug = host.getAttribute('data-server') || host.getAttribute('data-alivemcp');
    if (!slug || host.shadowRoot || !host.attachShadow) return;
    var root = host.attachShadow({ mode: 'open' }), page = origin + '/status/' + encodeURIComponent(slug);
    var theme = host.getAttribute('data-theme'), card = host.getAttribute('data-style') !== 'badge';
    var link, data, got = 0, when;
    dress(root);
    link = add(root, 'a');
    link.target = '_blank';
    link.rel = 'noopener';
    link.className = (theme === 'dark' || theme === 'light' ? theme : 'auto') + (card ? ' card' : '');

    function draw() {
      var state, pill;
      link.textContent = '';
      link.href = page;
      add(link, 'span', 'n', slug);
      when = 0;
      if (!data) return add(link, 'span', 'm', 'MCP server status');
      if (/^https?:/.test(data.status_page)) link.href = data.status_page;
      state = typeof words[data.state] === 'string' ? data.state : 'unknown';
      pill = add(link, 'b', state);
      sign(pill, state);
      add(pill, 'span', '', words[state]);
      if (typeof data.uptime_30d === 'number') add(link, 'span', 'm', data.uptime_30d.toFixed(2) + '%' + (card ? ' over 30 days' : '') + (card && data.p95_ms ? ' · p95 ' + data.p95_ms + ' ms' : ''));
      if (card && data.drift_24h) add(link, 'span', 'm', 'Tools changed in the last 24 h');
      if (card) { when = add(link, 'span', 'm', ' '); tick(); }
    }

    function tick() { if (when) when.textContent = ago(data.last_probe_at); }

    /* After five minutes without an answer, an old state would be a lie. */
    function failed() { if (Date.now() - got > 3e5) { data = 0; draw(); } }

    function load() {
      var x = new XMLHttpRequest();
      x.open('GET', origin + '/api/embed-status/' + encodeURIComponent(slug));
      x.timeout = 1e4;
      x.onload = function () {
        try {
          if (x.status !== 200) throw 0;
          data = JSON.parse(x.responseText);
          got = Date.now();
          draw();
        } catch (e) { failed(); }
      };
      x.onerror = x.ontimeout = failed;
      x.send();
    }

    draw();
    load();
    var asked = Date.now();
    setInterval(function () {
      if (doc.hidden || !host.isConnected) return;
      tick();
      if (Date.now() - asked >= 6e4) { asked = Date.now(); load(); }
    }, 1e3);
  }

  function start() {
    var hosts = doc.querySelectorAll('#alivemcp-embed,[data-alivemcp]');
    for (var i = 0; i < hosts.length; i++) try { Widget(hosts[i]); } catch (e) { /* the page comes first */ }
  }

  if (doc.readyState === 'loading') doc.addEventListener('DOMContentLoaded', start);
  else start();
})(document, window);
