// Does what tests ask for, a line of JSON each on standard input, and answers with a line of JSON each: the value, or
// the error. One process serves all tests of a session, since Node takes longer to start than to do any of it.

import readline from "node:readline";

import { deliver } from "./events.mjs";
import { call, pages } from "./knock.mjs";
import { sign } from "./signers.mjs";

const DOES = { call, deliver, pages, sign };

console.log = console.error; // standard output is for answers
process.on("unhandledRejection", () => {}); // clients for events that give up reject promises that nobody holds, too

async function answer(line) {
  const { does, ...asked } = JSON.parse(line);
  try {
    return { value: await DOES[does](asked) };
  } catch (error) {
    const { name, message, status, error: body } = error;
    return { error: { name, kind: error.constructor.name, message, status, body, stack: error.stack } };
  }
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  process.stdout.write(JSON.stringify(await answer(line)) + "\n");
}
