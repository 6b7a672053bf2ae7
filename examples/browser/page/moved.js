/** Where a position of a text is after these changes to it: what was inserted or removed before it moves it. */
export function moved(position, patches) {
  for (const { action, path, value, length = 1 } of patches) {
    const at = path.at(-1);
    if (action === "splice" && at < position) position += value.length;
    else if (action === "del" && at < position) position -= Math.min(length, position - at);
  }
  return position;
}
