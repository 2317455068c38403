// Shows the tickets of the simulator and keeps them up to date. It asks once a
// second whether anything changed, and draws again only then.
"use strict";

const $ = (id) => document.getElementById(id);
let changes = -1;
let tickets = [];

const chosen = () => Number(location.hash.slice(1)) || 0;

function time(element, text) {
  const at = new Date(text);
  element.dateTime = text;
  element.textContent = at.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  element.title = at.toLocaleString();
}

function state(t) {
  if (t.deleted) return "Deleted";
  if (t.merged_into_id) return "Merged into " + t.merged_into_id;
  return t.status_name;
}

function badge(element, t) {
  element.textContent = state(t);
  element.className = t.closed || t.deleted ? "badge" : "badge open";
}

function drawList() {
  const rows = tickets.map((t) => {
    const row = $("row").content.cloneNode(true);
    const link = row.querySelector("a");
    link.href = "#" + t.id;
    if (t.id === chosen()) link.setAttribute("aria-current", "true");
    if (t.deleted || t.merged_into_id) link.className = "gone";
    row.querySelector(".id").textContent = t.id;
    badge(row.querySelector(".badge"), t);
    time(row.querySelector("time"), t.created_at);
    row.querySelector(".subject").textContent = t.summary || "(no summary)";
    row.querySelector(".who").textContent = `${t.client_name} · ${t.user_name} · ${t.priority_name}`;
    return row;
  });
  $("list").replaceChildren(...rows);
  $("empty").hidden = tickets.length > 0;
  const open = tickets.filter((t) => !t.closed && !t.deleted).length;
  $("summary").textContent = `${tickets.length} ticket${tickets.length === 1 ? "" : "s"}, ${open} open`;
}

// show fills a frame with HTML of a ticket. The sandbox stops scripts, and
// the page's own security policy holds inside as well.
function show(frame, html) {
  const text = '<!DOCTYPE html><meta charset="utf-8"><style>body{font:14px/1.5 system-ui,sans-serif;color:#1f2933;margin:12px;overflow-wrap:anywhere}table{border-collapse:collapse}td,th{border:1px solid #d5dbe1;padding:4px 8px;text-align:left}</style>' + html;
  if (frame.dataset.text === text) return;
  frame.dataset.text = text;
  frame.srcdoc = text;
}

function drawFacts(t) {
  const facts = [["Client", t.client_name], ["Site", t.site_name], ["User", t.user_name], ["Ticket type", t.tickettype_name],
    ["Priority", t.priority_name], ["Team", t.team], ["Agent", t.agent_name], ["Source", t.source_name],
    ["Impact", t.impact_name], ["Urgency", t.urgency_name], ["Parent", t.parent_id],
    ["Category", [t.category_1, t.category_2, t.category_3, t.category_4].filter(Boolean).join(" · ")],
    ["Assets", (t.assets || []).map((a) => a.key_field || a.inventory_number).join(", ")],
    ...(t.customfields || []).map((f) => [f.label, f.display]),
    ["Third party ID", t.third_party_id_string], ["Closure note", t.closure_note]];
  $("facts").replaceChildren(...facts.filter((f) => f[1]).map(([name, value]) => {
    const pair = document.createElement("div");
    const dt = document.createElement("dt");
    const dd = document.createElement("dd");
    dt.textContent = name;
    dd.textContent = value;
    pair.append(dt, dd);
    return pair;
  }));
}

function drawActions(t) {
  const list = $("actions");
  if (Number(list.dataset.ticket) !== t.id) list.replaceChildren();
  list.dataset.ticket = t.id;
  for (const a of (t.actions || []).slice(1)) { // the first repeats the details
    const html = a.note_html || "";
    const mark = JSON.stringify([a.id, html, a.note, a.hiddenfromuser]);
    const old = list.querySelector(`[data-id="${a.id}"]`);
    if (old && old.dataset.mark === mark) continue;
    const item = $("entry").content.cloneNode(true).querySelector("li");
    item.dataset.id = a.id;
    item.dataset.mark = mark;
    item.className = a.hiddenfromuser ? "private" : "";
    item.querySelector(".outcome").textContent = a.outcome;
    item.querySelector(".by").textContent = a.who;
    item.querySelector(".badge").textContent = a.hiddenfromuser ? "hidden from user" : "";
    time(item.querySelector("time"), a.at);
    if (html) {
      const frame = document.createElement("iframe");
      frame.setAttribute("sandbox", "");
      frame.title = "Note of action " + a.id;
      item.append(frame);
      show(frame, html);
    } else if (a.note) {
      const note = document.createElement("p");
      note.textContent = a.note;
      item.append(note);
    }
    if (old) old.replaceWith(item);
    else list.prepend(item);
  }
}

async function drawTicket() {
  const id = chosen();
  const known = tickets.some((t) => t.id === id);
  document.body.classList.toggle("chosen", known);
  $("ticket").hidden = !known;
  $("choose").hidden = known || tickets.length === 0;
  if (!known) return;
  const answer = await fetch("sim/tickets/" + id);
  if (!answer.ok || id !== chosen()) return;
  const t = await answer.json();
  $("number").textContent = "Ticket " + t.id;
  badge($("status"), t);
  $("title").textContent = t.summary || "(no summary)";
  $("close").hidden = t.closed || t.deleted;
  $("reopen").hidden = !t.closed || t.deleted || t.merged_into_id > 0;
  drawFacts(t);
  show($("details"), t.details_html || "<p><em>None</em></p>");
  drawActions(t);
}

// over tells that a fault is used up or out of time.
const over = (f) => f.count > 0 && f.used >= f.count || f.until && Date.parse(f.until) <= Date.now();

async function drawFaults() {
  const on = await (await fetch("sim/faults")).json();
  for (const button of $("faults").children) {
    button.setAttribute("aria-pressed", String(on.some((f) => f.kind === button.dataset.kind && !over(f))));
  }
}

async function poll() {
  try {
    const answer = await fetch(`sim/tickets?brief=true&changes=${changes}`);
    if (answer.status === 200) {
      const body = await answer.json();
      tickets = body.tickets;
      drawList();
      await drawTicket();
      changes = body.changes;
    }
    await drawFaults();
  } catch {
    $("summary").textContent = "The simulator does not answer. Trying again.";
    changes = -1;
  }
}

async function toggle(button) {
  if (button.getAttribute("aria-pressed") === "true") {
    const on = await (await fetch("sim/faults")).json();
    for (const f of on.filter((f) => f.kind === button.dataset.kind)) await fetch("sim/faults/" + f.id, { method: "DELETE" });
  } else {
    const fault = { kind: button.dataset.kind };
    if (fault.kind === "slow") fault.delay = "10s";
    await fetch("sim/faults", { method: "POST", body: JSON.stringify(fault) });
  }
  await poll();
}

$("faults").addEventListener("click", (e) => { if (e.target.dataset.kind) toggle(e.target); });
$("close").addEventListener("click", async () => { await fetch(`sim/tickets/${chosen()}/close`, { method: "POST" }); await poll(); });
$("reopen").addEventListener("click", async () => { await fetch(`sim/tickets/${chosen()}/reopen`, { method: "POST" }); await poll(); });
$("back").addEventListener("click", () => { location.hash = ""; });
addEventListener("hashchange", () => { drawList(); drawTicket(); });

async function run() {
  await poll();
  setTimeout(run, 1000);
}
run();
