"use strict";
const byId = (name) => document.getElementById(name);
const language = byId("language"), action = byId("action"), words = byId("words"), found = byId("found");
function fits(item) {
  const own = item.dataset;
  return (!language.value || !own.language || own.language === language.value)
    && (!action.value || !own.action || own.action === action.value)
    && (!words.value || !own.rule || own.rule.includes(words.value.trim().toLowerCase()));
}
function filter() {
  for (const item of document.querySelectorAll("[data-language], [data-rule]")) item.hidden = !fits(item);
  for (const section of document.querySelectorAll("details[data-rule]")) {
    const samples = [...section.querySelectorAll(".samples > li")];
    section.hidden = section.hidden || (samples.length > 0 && samples.every((item) => item.hidden));
  }
  found.value = `${document.querySelectorAll("#rows tr[data-rule]:not([hidden])").length} rows`;
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
  let target = null;
  try { target = byId(decodeURIComponent(location.hash.slice(1))); } catch { return; }
  open(target);
  if (target) target.scrollIntoView();
}
for (const control of [language, action, words]) control.addEventListener("input", filter);
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
