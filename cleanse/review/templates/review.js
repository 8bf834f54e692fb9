"use strict";
const byId = (name) => document.getElementById(name);
// The name of this tab: the server gives two tabs different questions, and a tab that is loaded again the same.
const desk = sessionStorage.getItem("desk") ?? Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join("");
sessionStorage.setItem("desk", desk);
const ASK = { strip: "Should this be taken out?", fix: "Is this mended as it should be?", flag: "Is this what the rule looks for?", drop: "Should this document be dropped?" };
let question = null, busy = false;

// All texts go into the page as text nodes: nothing that was scraped ever becomes markup.
function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}
async function post(place, body) {
  const answer = await fetch(place, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}
function fail(error) {
  byId("error").textContent = `Not saved or not loaded: ${error.message}. Is cleanse review still running?`;
  byId("error").hidden = false;
}
function showPiece(piece) {
  const tag = { strip: "del", fix: "del", flag: "mark" }[piece.action] ?? "span";
  const made = element(tag, piece.own ? "own" : "", piece.text);
  if (piece.rule) made.title = piece.rule;
  if (piece.put === undefined) return [made];
  const put = element("ins", "", piece.put);
  put.title = piece.rule;
  return [made, put];
}
function showLines(place, lines, own) {
  place.replaceChildren(...lines.map((line) => {
    const row = element("div", `line${line.own || (own !== undefined && line.number === own) ? " own" : ""}${line.far ? " far" : ""}${line.pieces.length ? "" : " blank"}`);
    const text = element("div", "text");
    text.dir = "auto";
    text.append(...line.pieces.flatMap(showPiece));
    row.append(element("span", "no", line.title ?? line.number ?? ""), text);
    return row;
  }));
}
const percent = (share) => `${(share * 100).toFixed(1)} %`;
function show(found) {
  byId("error").hidden = true;
  question = found.question;
  byId("question").hidden = !question;
  byId("nothing").hidden = Boolean(question) || found.nothing;
  byId("document").hidden = true;
  byId("whole").setAttribute("aria-expanded", "false");
  byId("own").textContent = `${found.own.right} right, ${found.own.wrong} wrong, ${found.own.unsure} unsure`;
  byId("undo").disabled = !found.undo;
  if (!question) return;
  byId("title").textContent = question.title;
  byId("rule-name").textContent = question.rule;
  byId("why").textContent = question.why;
  byId("ask").textContent = ASK[question.action] ?? "";
  const where = byId("where");
  where.replaceChildren(`${question.action} · ${question.language} · `, element("bdi", "", question.id), question.line === null ? " · the whole document" : ` · line ${question.line}`);
  if (question.evidence) where.append(` · ${question.evidence}`);
  if (question.drawn === "doubt") where.append(" · ", element("span", "doubt", "least certain"));
  showLines(byId("lines"), question.lines);
  byId("remark").value = found.before?.remark ?? "";
  for (const button of document.querySelectorAll("[data-verdict]")) button.classList.toggle("said", button.dataset.verdict === found.before?.verdict);
  const figures = found.rule;
  byId("figures").textContent = figures.judged
    ? `${question.rule} in ${question.language}: ${figures.judged} judged, ${figures.wrong} wrong, precision ${percent(figures.precision)}, 95 % interval ${percent(figures.low)} to ${percent(figures.high)}`
    : `${question.rule} in ${question.language}: nothing judged yet`;
  const unfold = byId("unfold");
  unfold.disabled = !question.lines.some((line) => line.far);
  byId("lines").querySelector(".own")?.scrollIntoView({ block: "nearest" });
}
async function work(action) {
  if (busy) return;
  busy = true;
  document.querySelector("main").setAttribute("aria-busy", "true");
  try { await action(); } catch (error) { fail(error); } finally {
    busy = false;
    document.querySelector("main").setAttribute("aria-busy", "false");
  }
}
const ask = async () => show(await post("next", { desk, rule: byId("rule").value, language: byId("language").value }));
const judge = (verdict) => work(async () => {
  if (!question) return;
  await post("verdict", { rule: question.rule, digest: question.digest, verdict, remark: byId("remark").value.trim() });
  await ask();
  byId("remark").blur();
  byId("question").focus({ preventScroll: true });
  if (!byId("overview").hidden) await listRules();
});
const undo = () => work(async () => {
  const found = await post("undo", { desk });
  if (!found.nothing) show(found);
});
function unfold() {
  const open = byId("lines").classList.toggle("open");
  byId("unfold").setAttribute("aria-pressed", open);
  byId("lines").querySelector(".own")?.scrollIntoView({ block: "center" });
}
const whole = () => work(async () => {
  const section = byId("document");
  if (!question) return;
  if (!section.hidden) {
    section.hidden = true;
    byId("whole").setAttribute("aria-expanded", "false");
    return;
  }
  const found = await post("document", { rule: question.rule, digest: question.digest });
  byId("fate").replaceChildren(element("bdi", "", found.id), ` · ${found.fate}`);
  section.hidden = false;
  byId("whole").setAttribute("aria-expanded", "true");
  showLines(byId("document-lines"), found.lines, found.line);
  section.scrollIntoView({ block: "start" });
  byId("document-lines").querySelector(".own")?.scrollIntoView({ block: "center" });
});
async function listRules() {
  const found = await post("rules", {});
  const agreed = found.agreement;
  byId("agreement").textContent = agreed.hits ? `${agreed.hits} hits were judged by two or more: they agree on ${percent(agreed.same)}${agreed.kappa === null ? "" : `, kappa ${agreed.kappa.toFixed(2)}`}.` : "";
  const number = (value) => value.toLocaleString("en").replaceAll(",", " ");
  byId("table").replaceChildren(...found.rules.map((rule) => {
    const row = element("tr");
    const head = element("th");
    head.scope = "row";
    const pick = element("button", "", rule.rule);
    pick.type = "button";
    pick.addEventListener("click", () => choose(rule.rule, rule.language));
    head.append(pick);
    const judged = rule.judged > 0;
    row.append(head, element("td", "", rule.language), element("td", "", rule.action), element("td", "n", number(rule.characters)), element("td", "n", rule.judged),
      element("td", "n", judged ? percent(rule.precision) : ""), element("td", "", judged ? `${percent(rule.precision_low)} – ${percent(rule.precision_high)}` : ""),
      element("td", "n", rule.harm === null ? "" : number(Math.round(rule.harm))), element("td", "n", rule.left));
    return row;
  }));
  fill(byId("rule"), found.rules.map((rule) => rule.rule));
  fill(byId("language"), found.rules.map((rule) => rule.language));
}
function fill(select, values) {
  const there = new Set(Array.from(select.options, (option) => option.value));
  for (const value of [...new Set(values)].sort()) if (!there.has(value)) select.append(new Option(value, value));
}
function choose(rule, language) {
  byId("rule").value = rule;
  byId("language").value = language;
  work(async () => { await ask(); byId("question").scrollIntoView(); byId("question").focus({ preventScroll: true }); });
}
function toggleOverview() {
  const section = byId("overview");
  section.hidden = !section.hidden;
  byId("overview-button").setAttribute("aria-expanded", !section.hidden);
  if (!section.hidden) work(listRules);
}
const KEYS = { 1: () => judge("right"), 2: () => judge("wrong"), 3: () => judge("unsure"), z: undo, c: unfold, d: whole, t: toggleOverview, m: () => byId("remark").focus() };
addEventListener("keydown", (event) => {
  const typing = event.target.matches("input, select, textarea");
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (typing) {
    if (event.key === "Escape" || (event.key === "Enter" && event.target.id === "remark")) event.target.blur();
    return;
  }
  const action = KEYS[event.key];
  if (!action || event.repeat) return;
  event.preventDefault();
  action();
});
for (const button of document.querySelectorAll("[data-verdict]")) button.addEventListener("click", () => judge(button.dataset.verdict));
// The keys answer again as soon as something is chosen: a list that holds the focus would take them.
for (const name of ["rule", "language"]) byId(name).addEventListener("change", () => work(async () => { await ask(); byId("question").focus({ preventScroll: true }); }));
byId("undo").addEventListener("click", undo);
byId("unfold").addEventListener("click", unfold);
byId("whole").addEventListener("click", whole);
byId("overview-button").addEventListener("click", toggleOverview);
work(async () => { await ask(); await listRules(); });
