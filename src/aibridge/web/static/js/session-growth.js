/* An open session grows: the page is fetched anew, and what is new in it is put where it belongs. What stands there stays:
   nothing that was opened, folded, selected or scrolled to moves. Steps behind a gap come when the gap is filled. */
const PACE = 2000; // milliseconds between two looks

const replaced = (fresh, id) => {
  const old = document.getElementById(id), now = fresh.getElementById(id);
  if (old && now && old.innerHTML !== now.innerHTML) old.innerHTML = now.innerHTML;
};

const rowsOf = (box) => box?.querySelector(":scope > ol.steps") ?? box;

/* Puts the children of `now` that `old` lacks behind the last one that both have, and goes into those that both have. */
const grown = (old, now) => {
  let last = null;
  for (const child of [...now.children]) {
    if (child.matches(".gap")) {
      const gap = [...old.children].findLast((each) => each.matches(".gap"));
      if (gap && gap.nextElementSibling === null) gap.firstElementChild.textContent = child.firstElementChild.textContent;
      continue;
    }
    const same = child.id && [...old.children].find((each) => each.id === child.id);
    if (!same) {
      if (!child.id) continue; // side requests and idle times have no name: they come with the next visit
      last ? last.after(child) : old.querySelector(":scope > .cols") ? old.append(child) : old.prepend(child);
      last = child;
      continue;
    }
    last = same;
    if (child.matches("details")) {
      same.firstElementChild.innerHTML = child.firstElementChild.innerHTML;
      grown(rowsOf(same), rowsOf(child));
    } else if (child.matches(".step")) {
      same.className = child.className;
      const [link, fresh] = [same.firstElementChild, child.firstElementChild];
      if (link.innerHTML !== fresh.innerHTML) link.innerHTML = fresh.innerHTML;
      for (const agent of [...child.querySelectorAll(":scope > details")]) {
        const known = document.getElementById(agent.id);
        if (!known) same.append(agent);
        else {
          known.firstElementChild.innerHTML = agent.firstElementChild.innerHTML;
          grown(rowsOf(known), rowsOf(agent));
        }
      }
    }
  }
};

let looking = null, again = false;
const look = async () => {
  const timeline = document.querySelector("session-timeline");
  if (!timeline || looking) { again = Boolean(timeline); return; }
  looking = new Promise((resolve) => setTimeout(resolve, PACE));
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
    if (answer.ok && !answer.redirected) {
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const id of ["s-state", "s-figures", "outline", "s-kinds"]) replaced(fresh, id);
      const now = fresh.querySelector("session-timeline");
      if (now) grown(timeline, now);
    }
  } catch { /* the server is away for a moment: the next news asks again */ }
  await looking;
  looking = null;
  if (again) { again = false; look(); }
};

document.addEventListener("news", (e) => { if ("steps" in e.detail) look(); });
