// The session bar: who is logged in, the ways out, and a warning before the session ends. It is served with its settings
// as the argument of this function, and lives in a shadow root: the page around it stays as it is.
(settings) => {
  "use strict";
  const NAME = "toegangspoort-bar";
  const OPEN = "toegangspoort-bar-open";
  const OFTEN = 15_000;
  const AT_THE_END = 2_000;
  const SHORTLY = 8_000;

  if (window.top !== window || document.body?.localName !== "body" || document.querySelector(NAME)) return;

  const language = [document.documentElement.lang, ...navigator.languages]
    .map((tag) => tag.toLowerCase().split("-")[0])
    .find((tag) => tag in settings.words) ?? settings.default;
  const words = settings.words[language];
  const say = (id, values = {}) => words[id].replace(/%\((\w+)\)s/g, (_, name) => values[name]);
  const call = window.fetch.bind(window);

  // What the server last said, and when that was by two clocks: one goes on while the machine sleeps, the other when
  // somebody sets the time. The server's own time is never compared with either.
  let known = { active: false };
  let heard = { wall: 0, steady: 0 };
  let first;
  let asked = -Infinity;
  let notice = null;
  let until = Infinity;
  let closed = null;
  let announced = "";
  let timer;
  let channel;
  let busy = false;

  // ---- what is shown

  const make = (tag, attributes = {}, ...inner) => {
    const found = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (typeof value === "function") found.addEventListener(name, value);
      else found.setAttribute(name, value);
    }
    found.append(...inner);
    return found;
  };
  const link = (address, id, attributes = {}) => make("a", { href: address, ...attributes }, say(id));
  const button = (id, click, attributes = {}) => make("button", { type: "button", click, ...attributes }, say(id));

  const host = make(NAME);
  const root = host.attachShadow({ mode: "open" });
  const text = make("p");
  const stay = button("stay", () => prolong(), { class: "first" });
  const login = link("", "again", { class: "first", target: "_blank", rel: "noopener" });
  const reload = button("reload", () => location.reload(), { class: "first" });
  const close = button("close", () => dismiss());
  const box = make("div", { class: "notice", hidden: "" }, text, make("div", { class: "actions" }, stay, login, reload, close));
  const live = make("p", { class: "live", role: "status", "aria-live": "polite" });
  const person = make("span");
  const toggle = make("button", { type: "button", class: "toggle", "aria-controls": "more", click: () => open(!opened()) });
  const away = link("/oauth2/switch", "switch");
  const access = link("/oauth2/access", "access");
  const out = link("/oauth2/sign_out", "out", { click: () => post("leaving") });
  const enter = link("", "in");
  const more = make("div", { class: "more", id: "more" }, person, away, access, out, enter);
  const bar = make("div", { class: "bar" }, toggle, more);
  const region = make("section", { lang: language, dir: "ltr", "aria-label": say("label"), keydown: escape }, box, live, bar);

  function style() {
    if (!("adoptedStyleSheets" in root)) return root.append(make("style", {}, settings.style));
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(settings.style);
    root.adoptedStyleSheets = [sheet];
  }

  /** Focus that moves down the page, and its very end, must not stay behind the bar. */
  function keepClear() {
    if (!("adoptedStyleSheets" in document)) return;
    const sheet = new CSSStyleSheet();
    let height = -1;
    new ResizeObserver(() => {
      if (bar.offsetHeight === height) return;
      height = bar.offsetHeight;
      const page = document.documentElement;
      const end = page.scrollHeight > page.clientHeight ? `padding-bottom:${height}px;` : "";
      sheet.replaceSync(`@media screen{html{${end}scroll-padding-bottom:${height}px}}`);
    }).observe(bar);
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  }

  const remembered = () => {
    try {
      return localStorage.getItem(OPEN);
    } catch {
      return null;
    }
  };
  const opened = () => toggle.getAttribute("aria-expanded") === "true";

  function open(wanted, remember = true) {
    toggle.setAttribute("aria-expanded", String(wanted));
    bar.classList.toggle("open", wanted);
    more.hidden = !wanted;
    try {
      if (remember) localStorage.setItem(OPEN, wanted ? "1" : "0");
    } catch {
      // Without storage the choice lasts as long as the page.
    }
  }

  function escape(event) {
    const warned = box.contains(root.activeElement);
    if (event.key !== "Escape" || !(warned || opened())) return;
    event.stopPropagation();
    if (warned) return dismiss();
    open(false);
    toggle.focus();
  }

  /** This page, as the place to come back to. */
  function here() {
    const address = location.pathname + location.search;
    return encodeURIComponent(address.length < 2_000 ? address : location.pathname);
  }

  const whoIs = (who) => JSON.stringify([who.subject, who.organisation?.code]);
  const nameOf = (who) => who.name ?? say("somebody");
  const dotted = (code) => code.replace(/^(\d{4})(\d{3})(\d{3})$/, "$1.$2.$3");
  const organisationOf = ({ organisation }) => (organisation ? organisation.name ?? dotted(organisation.code) : "");
  const whole = (who) => [nameOf(who), organisationOf(who)].filter(Boolean).join(", ");

  function showPerson() {
    const mark = settings.mark[language];
    const label = known.active ? nameOf(known.person) : say("nobody");
    toggle.replaceChildren(...(mark ? [make("span", { class: "mark" }, mark)] : []), label);
    person.textContent = known.active ? organisationOf(known.person) : "";
    for (const each of [away, access, out]) each.hidden = !known.active;
    enter.hidden = known.active;
    away.href = `/oauth2/switch?rd=${here()}`;
    login.href = enter.href = `/oauth2/start?rd=${here()}`;
  }

  // ---- what there is to say

  const elapsed = () =>
    Math.max(0, Date.now() - heard.wall, performance.now() - heard.steady) / 1000;
  const left = () => Math.min(known.idle_in_seconds, known.ends_in_seconds) - elapsed();
  const isFinal = () => known.ends_in_seconds <= known.idle_in_seconds;
  const warnsAt = () => (isFinal() ? settings.warn : Math.min(settings.warn, known.idle_timeout_seconds / 2));
  const time = (seconds) =>
    seconds > 60 ? say("minutes", { count: Math.ceil(seconds / 60) }) : say("moment");

  function tell(kind, lasts = Infinity) {
    notice = kind;
    until = performance.now() + lasts;
  }

  function choose() {
    const shown = notice;
    if (performance.now() > until) notice = null;
    if (!known.active) return shown;
    if (first !== undefined && known.who !== first) notice = "somebody-else";
    else if (notice === "refused" || (notice === "failed" && left() <= warnsAt())) return shown;
    else if (left() <= warnsAt()) notice = isFinal() ? "final" : "idle";
    else if (notice !== "kept" && notice !== "back") notice = null;
    return shown;
  }

  function show() {
    const shown = choose();
    const focused = root.activeElement;
    if (notice !== shown) closed = null;
    const visible = notice !== null && closed !== notice;
    if (visible) {
      const said = say(notice, { time: time(left()), name: known.active ? whole(known.person) : "" });
      if (text.textContent !== said) text.textContent = said;
      stay.hidden = notice !== "idle" && notice !== "failed";
      login.hidden = !["final", "ended", "refused"].includes(notice);
      reload.hidden = notice !== "somebody-else";
    }
    // Assistive technology hears of it when it begins, and once more at the last minute: not each time that it changes.
    const stage = visible ? `${notice} ${(notice === "idle" || notice === "final") && left() <= 60}` : "";
    if (stage !== announced) {
      announced = stage;
      live.textContent = visible ? text.textContent : "";
    }
    box.hidden = !visible;
    if (focused?.closest("[hidden]")) (visible ? close : toggle).focus();
  }

  function dismiss() {
    closed = notice;
    show();
  }

  // ---- what the server says

  async function ask() {
    asked = performance.now();
    let said;
    try {
      const answer = await call("/oauth2/bar", {
        cache: "no-store", credentials: "same-origin", redirect: "error", headers: { accept: "application/json" },
      });
      if (!answer.ok) return show();
      said = await answer.json();
    } catch {
      return show(); // no network, or the page is on its way out: what was known stays
    }
    const before = known;
    known = { ...said, who: said.active ? whoIs(said.person) : undefined };
    heard = { wall: Date.now(), steady: performance.now() };
    if (known.active) {
      first ??= known.who;
      if (notice === "ended") tell("back", SHORTLY);
      else if (notice === "refused" && left() > warnsAt()) tell("back", SHORTLY);
    } else if (before.active) tell("ended");
    showPerson();
    show();
  }

  async function prolong() {
    if (busy) return;
    busy = true;
    try {
      const answer = await call("/oauth2/session/refresh", {
        method: "POST", credentials: "same-origin", redirect: "error",
        headers: { accept: "application/json", "x-requested-with": "toegangspoort" },
      });
      tell(answer.ok ? "kept" : answer.status === 401 ? "refused" : "failed", answer.ok ? SHORTLY : Infinity);
    } catch {
      tell("failed");
    }
    busy = false;
    await ask();
    show();
    post("ask");
  }

  function tick() {
    if (!host.isConnected) document.body.append(host);
    // Before a warning the server is asked: the page, another tab or a clock may have made it untrue.
    const pause = left() > 0 ? OFTEN : AT_THE_END;
    if (known.active && left() <= warnsAt() && performance.now() - asked >= pause) ask();
    else if (known.active || notice !== null) show();
    timer = setTimeout(tick, notice === null ? 5_000 : 1_000);
  }

  // ---- other tabs, and coming back to this one

  const post = (message) => channel?.postMessage(message);

  function connect() {
    if (channel || !("BroadcastChannel" in window)) return;
    channel = new BroadcastChannel(NAME);
    channel.onmessage = ({ data }) => {
      if (data === "leaving") setTimeout(ask, 2_000);
      else if (data === "ask" || notice !== null) ask();
    };
  }

  function wake() {
    if (document.visibilityState === "visible" && (notice !== null || performance.now() - asked >= OFTEN)) ask();
  }

  async function begin() {
    style();
    open(remembered() ? remembered() === "1" : matchMedia("(min-width:40em)").matches, false);
    root.append(region);
    connect();
    await ask();
    showPerson();
    document.body.append(host);
    announced = "";
    show();
    keepClear();
    post("here");
    timer = setTimeout(tick, 1_000);
    document.addEventListener("visibilitychange", wake);
    window.addEventListener("focus", wake);
    window.addEventListener("pagehide", () => {
      channel?.close();
      channel = undefined;
      clearTimeout(timer);
    });
    window.addEventListener("pageshow", ({ persisted }) => {
      if (!persisted) return;
      connect();
      ask();
      tick();
    });
  }

  if (document.prerendering) document.addEventListener("prerenderingchange", begin, { once: true });
  else begin();
}
