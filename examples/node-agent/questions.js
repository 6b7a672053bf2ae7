/**
 * The first line `@agent …` that has no answer below it and is finished, which a newline shows: what it asks, and where
 * it ends. The text itself tells what was answered, so that an agent that starts again does not repeat itself.
 */
export function nextQuestion(text) {
  for (const found of text.matchAll(/^@agent[ \t]+(\S.*?)[ \t]*\n(?!→)/gm)) {
    return { asked: found[1], end: found.index + found[0].length - 1 };
  }
  return undefined;
}
