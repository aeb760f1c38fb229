"use strict";
// What a model or a person wrote reaches the page as textContent and as nothing else.

const $ = (id) => document.getElementById(id);
let pile = null; // the overview: who, how many, which are decided
let place = 0; // the item shown
let item = null;
let turns = 0; // how often an item was asked for
let busy = false; // a decision is on its way: a key pressed before the next item is seen does nothing
const made = []; // decisions of this sitting, for undo

async function call(path, body) {
  const options = body === undefined ? {} : {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  };
  const response = await fetch(path, options);
  if (!response.ok) throw new Error(await response.text());
  return response.json();
}

function say(text, failed = false) {
  $("status").textContent = text;
  $("status").classList.toggle("error", failed);
}

function setBusy(on) {
  busy = on;
  document.body.setAttribute("aria-busy", String(on));
}

function put(id, text) {
  $(id).textContent = text;
}

function maybe(box, id, text) {
  $(box).hidden = text === null;
  put(id, text ?? "");
}

function pressed(id, on) {
  $(id).setAttribute("aria-pressed", String(on));
}

function showProgress(now) {
  Object.assign(pile, now);
  $("bar").max = pile.items;
  $("bar").value = pile.done;
  put("done", `${pile.done} decided`);
  put("agreement", pile.agreement.map((one) => {
    const kappa = one.kappa === null ? "not defined" : one.kappa.toFixed(2);
    const same = Math.round(100 * one.observed);
    return `${one.reviewers.join(" and ")}: ${same}% the same on ${one.n} ${one.questions}, Cohen's kappa ${kappa}`;
  }).join("; "));
}

function showPrompt(turns) {
  $("prompt").replaceChildren(...turns.map((turn) => {
    const box = document.createElement("div");
    const role = document.createElement("p");
    role.className = "soft";
    role.textContent = turn.role;
    const text = document.createElement("pre");
    text.dir = "auto";
    text.tabIndex = 0; // a long one scrolls by keyboard
    text.textContent = turn.content;
    box.append(role, text);
    return box;
  }));
}

function showSaid() {
  const said = item.said;
  for (const kind of ["accept", "reject", "edit"]) pressed(kind, said !== null && said.kind === kind);
  pressed("left", item.preferred === item.sample_id);
  pressed("right", item.preferred !== null && item.preferred === item.other_id);
  for (const [id, own] of [["this", item.sample_id], ["that", item.other_id]]) {
    $(id).classList.toggle("better", item.preferred !== null && item.preferred === own);
    $(id).classList.toggle("worse", item.preferred !== null && item.preferred !== own);
  }
  [...$("labels").children].forEach((button, at) => {
    button.setAttribute("aria-pressed", String(said !== null && said.kind === "relabel" && said.text === pile.labels[at]));
  });
}

async function show(where) {
  if (where < 0 || where >= pile.items) return say(where < 0 ? "This is the first one." : "This is the last one.");
  closeEditor();
  say("");
  const turn = ++turns;
  const found = await call(`/api/items/${where}`);
  if (turn !== turns) return; // another was asked for since
  item = found;
  place = where;
  put("place", `${place + 1} of ${pile.items}`);
  showPrompt(item.prompt);
  put("completion", item.completion);
  put("facts", `${item.teacher}; ${item.split}; ${item.verdict}`);
  $("that").hidden = item.other === null;
  put("other", item.other ?? "");
  for (const id of ["left", "right"]) $(id).hidden = item.other === null;
  maybe("student", "student-text", item.student);
  $("note").value = item.said?.note ?? "";
  showSaid();
  $("this").focus({ preventScroll: true });
  window.scrollTo(0, 0);
  document.body.dataset.place = String(place);
}

function undecided(from) {
  const later = pile.decided.indexOf(false, from);
  return later >= 0 ? later : pile.decided.indexOf(false);
}

async function alone(work) {
  if (busy) return;
  setBusy(true);
  try {
    await work();
  } finally {
    setBusy(false);
  }
}

function decide(body, words) {
  return alone(async () => {
    const at = place;
    if (!await save(body)) return;
    made.push({ at, pair: body.kind === "prefer" });
    const after = undecided(at + 1);
    await showAfter(after < 0 ? at : after, `Saved: ${words}.${after < 0 ? " All samples are decided." : ""}`);
  });
}

function undo() {
  return alone(async () => {
    const last = made.at(-1);
    if (last) await show(last.at);
    else if (item.said === null && item.preferred === null) return say("Nothing to undo here.");
    const pair = last ? last.pair : item.said === null;
    if (!await save({ kind: "withdraw", pair, better: item.preferred })) return;
    made.pop();
    await showAfter(place, "Saved: undone.");
  });
}

async function save(body) {
  try {
    showProgress(await call("/api/decisions", { sample_id: item.sample_id, note: $("note").value, ...body }));
    return true;
  } catch (error) {
    say(`Not saved: ${error.message}`, true);
    return false;
  }
}

async function showAfter(where, words) {
  try {
    await show(where);
    say(words);
  } catch (error) { // what was saved stays saved
    say(`${words} The next sample cannot be shown: ${error.message}`, true);
  }
}

function openEditor() {
  if (pile.labels.length) return say("Choose a label: there are no other answers.");
  $("editor").hidden = false;
  $("text").value = item.said !== null && item.said.text !== null ? item.said.text : item.completion;
  $("text").focus();
}

function closeEditor() {
  $("editor").hidden = true;
}

function saveEdit() {
  decide({ kind: "edit", text: $("text").value }, "edited");
}

function relabel(at) {
  if (at < pile.labels.length) decide({ kind: "relabel", text: pile.labels[at] }, `labelled ${pile.labels[at]}`);
}

function prefer(better, words) {
  if (item.other !== null) decide({ kind: "prefer", better }, words);
}

function help() {
  const hidden = $("keys").hidden;
  $("keys").hidden = !hidden;
  $("help").setAttribute("aria-expanded", String(hidden));
}

const actions = {
  accept: () => decide({ kind: "accept" }, "accepted"),
  reject: () => decide({ kind: "reject" }, "rejected"),
  edit: openEditor,
  left: () => prefer(item.sample_id, "left is better"),
  right: () => prefer(item.other_id, "right is better"),
  undo,
  next: () => show(place + 1),
  previous: () => show(place - 1),
  undecided: () => show(Math.max(undecided(place + 1), 0)),
  help,
  cancel: () => { closeEditor(); $("this").focus(); },
};

const keys = {
  a: "accept", r: "reject", e: "edit", ArrowLeft: "left", ArrowRight: "right", u: "undo", j: "next", k: "previous",
  g: "undecided", "?": "help",
};

function onKey(event) {
  const typing = ["INPUT", "TEXTAREA"].includes(event.target.tagName);
  if (event.key === "Escape" && typing) return actions.cancel();
  if (typing && event.key === "Enter" && event.ctrlKey && !$("editor").hidden) return saveEdit();
  if (typing || event.ctrlKey || event.metaKey || event.altKey || event.repeat || item === null) return;
  if (event.key === "n") $("note").focus();
  else if (/^[1-9]$/.test(event.key)) relabel(Number(event.key) - 1);
  else if (event.key in keys) run(actions[keys[event.key]]);
  else return;
  event.preventDefault();
}

function run(action) {
  if (busy) return;
  Promise.resolve(action()).catch((error) => say(error.message, true));
}

async function start() {
  pile = await call("/api/pile");
  put("run", pile.run);
  put("reviewer", `${pile.reviewer}; by ${pile.by}`);
  showProgress(pile);
  $("edit").hidden = pile.labels.length > 0;
  $("labels").replaceChildren(...pile.labels.map((label, at) => {
    const button = document.createElement("button");
    button.type = "button";
    button.dir = "auto";
    button.textContent = at < 9 ? `${at + 1} ${label}` : label;
    button.addEventListener("click", () => relabel(at));
    return button;
  }));
  for (const [id, action] of Object.entries(actions)) $(id).addEventListener("click", () => run(action));
  $("editor").addEventListener("submit", (event) => { event.preventDefault(); saveEdit(); });
  document.addEventListener("keydown", onKey);
  await show(Math.max(undecided(0), 0));
}

start().catch((error) => say(error.message, true));
