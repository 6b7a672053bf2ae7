// Which line the agent answers next.
import assert from "node:assert/strict";
import { test } from "node:test";
import { nextQuestion } from "../questions.js";

const CASES = [
  ["a text without questions", "Dear agent,\nplease count.\n", undefined],
  ["a line that is still being written", "@agent cou", undefined],
  ["a finished line", "words\n@agent count\n", "count"],
  ["spaces around it", "@agent \t count the words  \nmore", "count the words"],
  ["an answered line", "@agent count\n→ 3 words\n", undefined],
  ["the first that is not answered", "@agent date\n→ today\n@agent count\nmore\n@agent longest\n", "count"],
  ["a mention within a line", "ask @agent count\n", undefined],
  ["a mention without a question", "@agent\n@agent   \n", undefined],
];

for (const [what, text, expected] of CASES) {
  test(what, () => {
    const question = nextQuestion(text);
    assert.equal(question?.asked, expected);
    if (question) assert.equal(text[question.end], "\n", "the answer goes to the end of its line");
  });
}
