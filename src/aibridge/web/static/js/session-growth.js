/* An open session grows: the page is fetched anew, of a long one only what is new, and what is new in it is put where it
   belongs. What stands there stays: nothing that was opened, folded, selected or scrolled to moves. Steps that a gap stands for
   come when it is filled; what is newer than a gap is none of its. */
const PACE = 2000; // milliseconds between two looks
const LONG = 400; // steps; fewer come with every look, so that all of their bars are drawn anew; less than a portion

const replaced = (fresh, id) => {
  const old = document.getElementById(id), now = fresh.getElementById(id);
  if (old && now && old.innerHTML !== now.innerHTML) old.innerHTML = now.innerHTML;
};

const rowsOf = (box) => box?.querySelector(":scope > ol.steps") ?? box;
const begins = (el) => Number(el.dataset.begins);
const gapsOf = (box) => [...box.children].filter((each) => each.matches(".gap"));

/* Puts it behind `last`, or at the beginning, and in either case behind the gaps that stand for what is older. */
const put = (box, child, last) => {
  const gap = gapsOf(box).findLast((each) => Number(each.dataset.ends) < begins(child));
  if (gap && (!last || gap.compareDocumentPosition(last) & Node.DOCUMENT_POSITION_PRECEDING)) last = gap;
  if (last) last.after(child);
  else box.querySelector(":scope > .cols") ? box.append(child) : box.prepend(child);
};

/* When a thread has become longer, a bar that is not drawn anew takes a smaller part of it. */
const rescaled = (thread, now) => {
  const part = thread.dataset.lasts / now.dataset.lasts;
  thread.dataset.lasts = now.dataset.lasts;
  if (!(part < 1)) return;
  for (const bar of thread.querySelectorAll(":scope > ol > li .fall rect")) {
    if (bar.closest("details.thread, details.sub-thread") !== thread) continue;
    for (const name of ["x", "width"]) bar.setAttribute(name, `${(parseFloat(bar.getAttribute(name)) * part).toFixed(2)}%`);
  }
};

const thread = (old, now) => {
  old.querySelector(":scope > summary").innerHTML = now.querySelector(":scope > summary").innerHTML;
  rescaled(old, now);
  grown(rowsOf(old), rowsOf(now));
};

const step = (old, now) => {
  old.className = now.className;
  const [link, fresh] = [old.firstElementChild, now.firstElementChild];
  if (link.innerHTML !== fresh.innerHTML) link.innerHTML = fresh.innerHTML;
  for (const agent of [...now.querySelectorAll(":scope > details")]) {
    const known = document.getElementById(agent.id);
    known ? thread(known, agent) : old.append(agent);
  }
};

/* Side requests in a row: of what is new, the first may stand in the middle of those that are known. */
const sides = (old, now) => {
  const list = old.querySelector("ol");
  grown(list, now.querySelector("ol"));
  const count = list.children.length;
  old.querySelector("summary b").textContent = `${count} side request${count === 1 ? "" : "s"}`;
};
const sidesOf = (now) => {
  const known = [...now.querySelectorAll(".step")].map((each) => document.getElementById(each.id)).find(Boolean);
  return document.getElementById(now.id) ?? known?.closest(".sides");
};

/* Puts the children of `now` that `old` lacks behind the last one that both have, and goes into those that both have. */
const grown = (old, now) => {
  let last = null;
  for (const child of [...now.children]) {
    if (!child.id) continue; // gaps, and the names of the columns
    const same = child.matches(".sides") ? sidesOf(child) : document.getElementById(child.id);
    if (!same) {
      if (gapsOf(old).some((gap) => begins(gap) <= begins(child) && begins(child) <= Number(gap.dataset.ends))) continue;
      put(old, child, last);
      last = child;
    } else if (same.parentElement === old) {
      last = same;
      if (child.matches("details")) thread(same, child);
      else if (child.matches(".step")) step(same, child);
      else if (child.matches(".sides")) sides(same, child);
    }
  }
};

/* What to ask: of a long session, what is new since the last look. */
const asked = (timeline) => {
  const url = new URL(location);
  const long = timeline.querySelector(".gap") || timeline.querySelectorAll(".step").length > LONG;
  if (long) url.searchParams.set("since", timeline.dataset.since);
  return url;
};

let looking = null, again = false;
const look = async () => {
  const timeline = document.querySelector("session-timeline");
  if (!timeline || looking) { again = Boolean(timeline); return; }
  looking = new Promise((resolve) => setTimeout(resolve, PACE));
  try {
    const answer = await fetch(asked(timeline), { headers: { Accept: "text/html" } });
    if (answer.ok && !answer.redirected) {
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const id of ["s-state", "s-figures", "outline", "s-kinds"]) replaced(fresh, id);
      const now = fresh.querySelector("session-timeline");
      if (now && timeline.isConnected) {
        grown(timeline, now);
        timeline.dataset.since = now.dataset.since;
      }
    }
  } catch { /* the server is away for a moment: the next news asks again */ }
  await looking;
  looking = null;
  if (again) { again = false; look(); }
};

document.addEventListener("news", (e) => { if ("steps" in e.detail) look(); });
