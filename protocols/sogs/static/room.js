// The page of a room: looks for new messages. Without it the page works, too.
"use strict";

(() => {
  const list = document.getElementById("messages");

  if (!list) return;

  const usual = Number(list.dataset.refresh);
  let wait = usual;
  let version = null;

  function element(name, className, text) {
    const node = document.createElement(name);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = text;
    return node;
  }

  function local(node) {
    const time = new Date(node.dateTime);
    if (!Number.isNaN(time.getTime())) {
      node.textContent = time.toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
    }
    return node;
  }

  function item(message) {
    const author = element("b", message.nameless ? "nameless" : "", message.author);
    const time = element("time");
    const text = element("p", message.wordless ? "text wordless" : "text", message.text);
    const by = element("p", "by");
    time.dateTime = message.time;
    author.dir = text.dir = "auto";
    by.append(author, " ", local(time));
    const node = element("li");
    node.append(by, text);
    return node;
  }

  function show(messages) {
    list.replaceChildren(...messages.map(item));
    document.getElementById("empty").hidden = messages.length > 0;
  }

  async function look() {
    const headers = version ? { "If-None-Match": version } : {};
    const reply = await fetch(list.dataset.source, { headers, cache: "no-store" });
    if (reply.status === 304) return;
    if (!reply.ok) throw new Error(String(reply.status));
    version = reply.headers.get("ETag");
    show((await reply.json()).messages);
  }

  async function live() {
    try {
      if (!document.hidden) await look();
      wait = usual;
    } catch {
      wait = Math.min(wait * 2, 60000);
    }
    setTimeout(live, wait);
  }

  list.querySelectorAll("time").forEach(local);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) look().catch(() => {}); });
  setTimeout(live, usual);
})();
