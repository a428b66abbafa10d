// Watchbell's pages work without this file. It adds: ticking clocks, live updates, local
// times, the theme, and the keyboard. It decides nothing: the server judges what is missed.
"use strict";

// Theme: before the first paint, so that nothing flashes.
const THEME = "watchbell.theme";
const KEYS = "watchbell.keys";
const remembered = (key) => { try { return localStorage.getItem(key); } catch { return null; } };
const remember = (key, value) => { try { localStorage.setItem(key, value); } catch { /* private mode */ } };
const showTheme = (theme) => {
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
};
showTheme(remembered(THEME));
document.documentElement.dataset.script = "";

// The journal's time: the server's instant at the last load, running on at its rate.
const journal = { base: Date.now(), at: performance.now(), rate: 1 };
const journalNow = () => journal.base + (performance.now() - journal.at) * journal.rate;
const readJournal = (main) => {
  journal.base = Number(main.dataset.now) || Date.now();
  journal.rate = main.dataset.rate === undefined ? 1 : Number(main.dataset.rate);
  journal.at = performance.now();
};

const pad = (n) => String(n).padStart(2, "0");
// The same words as `words::short` on the server.
const short = (ms, calm) => {
  const s = Math.floor(Math.abs(ms) / 1000);
  if (s < 60) return calm ? "<1m" : `${s}s`;
  if (s < 3600) return calm ? `${Math.floor(s / 60)}m` : `${Math.floor(s / 60)}m ${pad(s % 60)}s`;
  if (s < 86400) return `${Math.floor(s / 3600)}h ${pad(Math.floor(s / 60) % 60)}m`;
  return `${Math.floor(s / 86400)}d ${Math.floor(s / 3600) % 24}h`;
};

// While paused, time is told in whole minutes.
let paused = false;
const write = (element, text) => { if (element.textContent !== text) element.textContent = text; };

class Countdown extends HTMLElement {
  connectedCallback() {
    if (this.digits) return;
    this.due = Number(this.getAttribute("due"));
    const time = this.querySelector("time");
    if (time) this.title = `due ${local(time, true)}`;
    this.digits = document.createElement("span");
    this.after_ = document.createElement("span");
    this.after_.className = "visually-hidden";
    this.setAttribute("role", "timer");
    this.replaceChildren(this.digits, this.after_);
    this.tick();
  }
  tick() {
    const left = this.due - journalNow();
    const over = left < 0;
    // What is missed is told in minutes: seconds would only press.
    write(this.digits, over ? `+${short(left, left < -60000)}` : short(left + 999, paused));
    write(this.after_, over ? " overdue" : " left");
    this.toggleAttribute("over", over);
  }
}

class Age extends HTMLElement {
  tick() { write(this, short(Math.max(0, journalNow() - Number(this.getAttribute("since"))), true)); }
  connectedCallback() { this.tick(); }
}

const tickBars = (root) => {
  for (const bar of root.querySelectorAll("svg.bar[data-due]")) {
    const start = Number(bar.dataset.start), due = Number(bar.dataset.due);
    const left = Math.max(0, Math.min(100, (100 * (due - journalNow())) / Math.max(1, due - start)));
    bar.firstElementChild.setAttribute("width", `${left.toFixed(1)}%`);
  }
};

// Local times.
const DAY = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short" });
const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const SECOND = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long", hourCycle: "h23" });
const local = (time, plain) => {
  const at = new Date(time.dateTime);
  if (Number.isNaN(at.getTime())) return time.textContent;
  const today = new Date(journalNow()).toDateString() === at.toDateString();
  const clock = (time.dataset.exact === undefined || plain ? CLOCK : SECOND).format(at);
  return today ? clock : `${DAY.format(at)}, ${clock}`;
};
const localise = (root) => {
  for (const time of root.querySelectorAll("time[datetime]")) {
    time.title = FULL.format(new Date(time.dateTime));
    time.textContent = local(time);
  }
  for (const input of root.querySelectorAll("input[data-utc]")) {
    // The form shows and takes local time; `formdata` below sends the instant.
    if (input.value) input.value = toLocal(new Date(`${input.value.replace(/Z$/, "")}Z`));
    const zone = input.parentElement.querySelector(".zone");
    if (zone) zone.textContent = "your time";
  }
};
const toLocal = (at) =>
  Number.isNaN(at.getTime()) ? "" :
  `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}T${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`;

// Forms: an instant is sent as one, and a form is sent once.
document.addEventListener("formdata", (event) => {
  for (const input of event.target.querySelectorAll("input[data-utc]")) {
    const at = new Date(input.value);
    if (input.value && !Number.isNaN(at.getTime())) event.formData.set(input.name, at.toISOString());
  }
});
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.dataset.sent !== undefined) { event.preventDefault(); return; }
  form.dataset.sent = "";
  setTimeout(() => delete form.dataset.sent, 5000);
});
document.addEventListener("input", (event) => { const form = event.target.form; if (form) form.dataset.dirty = ""; });
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const text = document.getElementById(button.dataset.copy);
  // Where the clipboard is not allowed, the text stands selected.
  text.select();
  try { await navigator.clipboard.writeText(text.value); button.textContent = "Copied"; } catch { text.focus(); }
});

// A form whose answer stands beside it: a change shows at once what the button would show.
let asked = 0;
document.addEventListener("change", async (event) => {
  const form = event.target.form;
  const shown = document.getElementById(form?.dataset.preview ?? "");
  if (!shown) return;
  const turn = ++asked;
  const address = `${form.action}?${new URLSearchParams(new FormData(form))}`;
  try {
    const answer = await fetch(address, { headers: { accept: "text/html" } });
    const next = answer.ok && new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(shown.id);
    // Answers may overtake each other; without one the button is still there.
    if (!next || turn !== asked) return;
    for (const hidden of next.querySelectorAll("[data-script]")) hidden.hidden = false;
    shown.replaceChildren(...next.childNodes);
    history.replaceState(null, "", address);
  } catch { /* The connection's own notice says so. */ }
});
document.addEventListener("change", (event) => { if (event.target.dataset.submit !== undefined) event.target.form.requestSubmit(); });

// Live updates: an event means that the page is fetched again and its main part swapped.
const QUIET_MS = 750;      // a burst of events is one refresh
const LONGEST_MS = 3000;   // but an endless burst still refreshes
const LOST_MS = 5000;      // a shorter interruption is not worth a word
const live = { source: null, timer: 0, since: 0, lost: 0, pending: false, loading: false };

const busy = () => {
  const main = document.getElementById("main");
  const focus = document.activeElement;
  const writing = focus && main.contains(focus) && focus.matches("input:not([type=hidden]), textarea, select");
  return writing || main.querySelector("form[data-dirty], form[data-sent]") !== null;
};

const refresh = async () => {
  live.since = 0;
  if (paused || document.hidden || busy()) { live.pending = true; return; }
  if (live.loading) { live.pending = true; return; }
  live.loading = true;
  live.pending = false;
  try {
    const answer = await fetch(location.href, { headers: { accept: "text/html" }, cache: "no-store", redirect: "follow" });
    if (!answer.ok) return;
    const next = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("main");
    if (!next || paused || busy()) { live.pending = true; return; }
    swap(next);
  } catch { /* the connection's own notice tells it */ } finally { live.loading = false; }
};

const swap = (next) => {
  const main = document.getElementById("main");
  const said = main.dataset.summary;
  const open = new Set([...main.querySelectorAll("details[id][open]")].map((d) => d.id));
  const shut = new Set([...main.querySelectorAll("details[id]:not([open])")].map((d) => d.id));
  const focus = document.activeElement;
  const path = focus && main.contains(focus) ? handle(focus) : null;
  for (const details of next.querySelectorAll("details[id]")) {
    if (open.has(details.id)) details.open = true; else if (shut.has(details.id)) details.open = false;
  }
  // What was said on arrival stays said once.
  for (const note of next.querySelectorAll(".done")) note.remove();
  readJournal(next);
  localise(next);
  main.replaceChildren(...next.childNodes);
  for (const name of ["now", "rate", "summary"]) main.dataset[name] = next.dataset[name] ?? "";
  if (path) document.querySelector(path)?.focus({ preventScroll: true });
  if (next.dataset.summary && next.dataset.summary !== said) say(next.dataset.summary);
  tick();
};

// A selector that finds the same control after a swap.
const handle = (element) => {
  if (element.id) return `#${CSS.escape(element.id)}`;
  const holder = element.closest("[id]");
  const inside = element.localName + (element.getAttribute("href") ? `[href="${CSS.escape(element.getAttribute("href"))}"]` : "");
  return holder ? `#${CSS.escape(holder.id)} ${inside}` : inside;
};

const say = (text) => { const status = document.getElementById("status"); if (status) status.textContent = text; };

const stir = () => {
  const now = performance.now();
  if (!live.since) live.since = now;
  clearTimeout(live.timer);
  live.timer = setTimeout(refresh, now - live.since > LONGEST_MS ? 0 : QUIET_MS);
};

const concerns = (event) => {
  const wanted = document.getElementById("main").dataset.live;
  if (!wanted) return false;
  if (wanted === "*") return true;
  try { const entry = JSON.parse(event.data); return entry.incident === undefined || entry.incident === wanted; } catch { return true; }
};

const connect = () => {
  if (!document.getElementById("main").dataset.live || !window.EventSource) return;
  live.source = new EventSource("/api/v1/events");
  live.source.onopen = () => {
    clearTimeout(live.lost);
    const notice = document.getElementById("connection");
    if (!notice.hidden) { notice.hidden = true; say("Live updates are back"); stir(); }
  };
  live.source.onerror = () => {
    clearTimeout(live.lost);
    live.lost = setTimeout(() => { document.getElementById("connection").hidden = false; say("Live updates interrupted"); }, LOST_MS);
    // A browser gives up on an answer that is no stream; try again at leisure.
    if (live.source.readyState === EventSource.CLOSED) setTimeout(connect, LOST_MS);
  };
  const heard = (event) => { if (concerns(event)) stir(); };
  live.source.onmessage = heard;
  live.source.addEventListener("entry", heard);
};

const setPaused = (on) => {
  paused = on;
  const button = document.getElementById("pause");
  button.setAttribute("aria-pressed", String(on));
  button.textContent = on ? "Resume live updates" : "Pause live updates";
  document.documentElement.toggleAttribute("data-paused", on);
  say(on ? "Live updates paused; times in whole minutes" : "Live updates resumed");
  if (!on) refresh();
  tick();
};

// Ticking: one timer for the whole page.
const tick = () => {
  for (const clock of document.querySelectorAll("wb-countdown, wb-age")) clock.tick?.();
  tickBars(document);
};

// Keyboard. Single keys can be switched off; none works while one writes.
const keys = { first: "", on: remembered(KEYS) !== "off" };
const GO = { b: "/", i: "/inbox", d: "/deliveries", p: "/policy", m: "/mine", l: "/playbooks", x: "/matrix", r: "/review", s: "/sources" };

const move = (step) => {
  const links = [...document.querySelectorAll(".row-link")];
  if (links.length === 0) return;
  const at = links.indexOf(document.activeElement);
  links[at < 0 ? (step > 0 ? 0 : links.length - 1) : Math.max(0, Math.min(links.length - 1, at + step))].focus();
};

const unfold = (key) => {
  const fold = document.querySelector(`details[data-key="${key}"]`);
  if (!fold) return false;
  fold.open = true;
  (fold.querySelector("textarea, input:not([type=hidden]), select, button") ?? fold).focus();
  return true;
};

const next = () => {
  const form = document.getElementById("next-form");
  if (!form) return false;
  (form.querySelector("textarea, input:not([type=hidden]), select, button") ?? form).focus();
  form.scrollIntoView({ block: "center" });
  return true;
};

const press = (key) => {
  if (keys.first === "g" && GO[key]) { location.href = GO[key]; return true; }
  switch (key) {
    case "?": document.getElementById("shortcuts")?.showModal(); return true;
    case "/": { const find = document.getElementById("find"); find?.focus(); return Boolean(find); }
    case "j": move(1); return true;
    case "k": move(-1); return true;
    case "a": return next();
    case "c": location.href = "/incidents/new"; return true;
    case "n": case "u": case "s": case "o": return unfold(key);
    default: return false;
  }
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.closest?.("input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable]")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  if (document.querySelector("dialog[open]")) return;
  // The help itself stays reachable, so that single keys can be switched on again.
  if (!keys.on && event.key !== "?") return;
  if (press(event.key)) event.preventDefault();
  keys.first = event.key;
});

const start = () => {
  const main = document.getElementById("main");
  if (!main) return;
  if (main.dataset.now) readJournal(main);
  customElements.define("wb-countdown", Countdown);
  customElements.define("wb-age", Age);
  localise(document);
  for (const hidden of document.querySelectorAll("[data-script][hidden]")) hidden.hidden = false;
  const theme = remembered(THEME) ?? "auto";
  for (const radio of document.querySelectorAll('input[name="theme"]')) {
    radio.checked = radio.value === theme;
    radio.addEventListener("change", () => { remember(THEME, radio.value); showTheme(radio.value); });
  }
  document.getElementById("pause")?.addEventListener("click", () => setPaused(!paused));
  document.getElementById("help")?.addEventListener("click", () => document.getElementById("shortcuts").showModal());
  const on = document.getElementById("shortcuts-on");
  if (on) {
    on.checked = keys.on;
    on.addEventListener("change", () => { keys.on = on.checked; remember(KEYS, on.checked ? "on" : "off"); });
  }
  document.querySelector("[data-focus]")?.focus();
  document.querySelector("details:target")?.setAttribute("open", "");
  tick();
  setInterval(tick, 1000);
  // What came while one was writing, or while the window was hidden, is shown afterwards.
  setInterval(() => { if (live.pending) refresh(); }, 2000);
  document.addEventListener("visibilitychange", () => { if (!document.hidden && main.dataset.live) refresh(); });
  window.addEventListener("beforeprint", () => { for (const details of document.querySelectorAll("main details")) details.open = true; });
  connect();
};
if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start); else start();
