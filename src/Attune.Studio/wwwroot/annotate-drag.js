// Drag and drop with a mouse, a pen or a finger. An element with data-drag can be dragged, one with data-drop is a target.

const MinDistance = 6;     // pixels; a shorter movement is a click

/** @param dropped called with the data-drag of the element and the data-drop of the target */
export function draggable(root, dropped) {
  root.addEventListener("pointerdown", down => {
    const handle = down.target.closest("[data-drag]");
    if (handle && down.button === 0)
      new Drag(root, handle, down, dropped);
  });
}

class Drag {
  constructor(root, handle, down, dropped) {
    Object.assign(this, { root, handle, dropped, x: down.clientX, y: down.clientY, ghost: null, over: null, done: new AbortController() });
    const listen = (type, heard) => addEventListener(type, heard, { signal: this.done.signal });
    listen("pointermove", move => move.pointerId === down.pointerId && this.move(move));
    listen("pointerup", up => up.pointerId === down.pointerId && this.end(this.over));
    listen("pointercancel", () => this.end(null));
    listen("keydown", key => key.key === "Escape" && this.end(null));
  }

  move({ clientX, clientY }) {
    if (!this.ghost && Math.hypot(clientX - this.x, clientY - this.y) < MinDistance)
      return;
    this.ghost ??= this.begin();
    this.ghost.style.transform = `translate(${clientX}px, ${clientY}px)`;
    const over = document.elementFromPoint(clientX, clientY)?.closest("[data-drop]") ?? null;
    this.over?.classList.remove("over");
    over?.classList.add("over");
    this.over = over;
  }

  begin() {
    const ghost = document.createElement("div");
    ghost.className = "ghost";
    ghost.textContent = this.handle.dataset.name;
    document.body.append(ghost);
    this.root.classList.add("dragging");
    return ghost;
  }

  end(over) {
    this.done.abort();
    if (!this.ghost)
      return;
    this.ghost.remove();
    this.root.classList.remove("dragging");
    this.over?.classList.remove("over");
    addEventListener("click", cancelClick, { capture: true, once: true });     // the browser makes a click at the end of a drag
    setTimeout(() => removeEventListener("click", cancelClick, { capture: true }));
    if (over)
      this.dropped(this.handle.dataset.drag, over.dataset.drop);
  }
}

function cancelClick(click) {
  click.stopPropagation();
  click.preventDefault();
}
