"use strict";
const byId = (name) => document.getElementById(name);
const language = byId("language"), action = byId("action"), words = byId("words"), documents = byId("document"), found = byId("found");
const CONTROLS = { language, action, rule: words, document: documents };
let only = ""; // the digits of the one document to show
function fits(item) {
  const own = item.dataset;
  if (only && own.id && own.id !== only) return false;
  if (documents.value && own.id && !(item.querySelector("bdi")?.textContent ?? "").toLowerCase().includes(documents.value.trim().toLowerCase())) return false;
  return (!language.value || !own.language || own.language === language.value)
    && (!action.value || !own.action || own.action === action.value)
    && (!words.value || !own.rule || own.rule.includes(words.value.trim().toLowerCase()));
}
function filter() {
  for (const item of document.querySelectorAll("[data-language], [data-rule]")) item.hidden = !fits(item);
  const narrow = Boolean(only || documents.value);
  for (const section of document.querySelectorAll("details[data-rule]")) {
    const samples = [...section.querySelectorAll(".samples > li")];
    section.hidden = section.hidden || ((samples.length > 0 || narrow) && samples.every((item) => item.hidden));
    if (only && !section.hidden) section.open = true;
  }
  const rows = document.querySelectorAll("#rows tr[data-rule]:not([hidden])").length;
  const hits = document.querySelectorAll(".samples > li:not([hidden])");
  found.value = narrow ? `${[...hits].filter((item) => !item.closest("[data-rule]").hidden).length} samples` : `${rows} rows`;
}
// What is filtered stands in the address, so that it can be sent to somebody: #?language=hi&rule=share
function remember() {
  const chosen = new URLSearchParams();
  for (const [name, control] of Object.entries(CONTROLS)) if (control.value) chosen.set(name, control.value);
  if (only) chosen.set("id", only);
  history.replaceState(null, "", chosen.size ? `#?${chosen}` : location.pathname + location.search);
}
function recall() {
  const chosen = new URLSearchParams(location.hash.slice(2));
  for (const [name, control] of Object.entries(CONTROLS)) control.value = chosen.get(name) ?? "";
  only = chosen.get("id") ?? "";
  filter();
  if (only) byId("samples").scrollIntoView();
}
function sort(heading) {
  const ascending = heading.getAttribute("aria-sort") === "descending";
  for (const other of heading.parentNode.children) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", ascending ? "ascending" : "descending");
  const column = [...heading.parentNode.children].indexOf(heading), body = byId("rows");
  const key = (row) => row.cells[column].dataset.value ?? row.cells[column].textContent;
  const number = heading.classList.contains("n");
  const order = (a, b) => number ? key(a) - key(b) : key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0;
  body.append(...[...body.rows].sort((a, b) => ascending ? order(a, b) : order(b, a)));
}
function open(target) { for (let item = target; item; item = item.parentElement) if (item.tagName === "DETAILS") item.open = true; }
function follow() {
  if (location.hash.startsWith("#?")) return recall();
  let target = null;
  try { target = byId(decodeURIComponent(location.hash.slice(1))); } catch { return; }
  if (target?.hidden) { only = ""; documents.value = ""; filter(); }
  open(target);
  if (target) target.scrollIntoView();
}
for (const control of Object.values(CONTROLS)) control.addEventListener("input", () => { only = ""; filter(); remember(); });
for (const button of document.querySelectorAll("th button")) button.addEventListener("click", () => sort(button.parentNode));
addEventListener("hashchange", follow);
byId("unfold").addEventListener("click", (event) => {
  const wanted = event.target.getAttribute("aria-pressed") !== "true";
  for (const item of document.querySelectorAll("main > details:not([hidden])")) item.open = wanted;
  event.target.setAttribute("aria-pressed", wanted);
});
byId("filters").hidden = false;
filter();
follow();
