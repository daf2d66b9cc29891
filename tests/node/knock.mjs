// Calls of Knock's client by their names: `objects.bulk.set` with its arguments.

import Knock from "@knocklabs/node";

const clients = new Map();

// One client for each key, as its users make it, but for the address.
function client(url, key) {
  if (!clients.has(key)) clients.set(key, new Knock({ apiKey: key, baseURL: url }));
  return clients.get(key);
}

function named(knock, name) {
  const [last, ...way] = name.split(".").reverse();
  const owner = way.reverse().reduce((found, step) => found[step], knock);
  return owner[last].bind(owner);
}

// What one call comes to, with the headers of its answer.
export async function call({ url, key, name, args }) {
  const { data, response } = await named(client(url, key), name)(...args).withResponse();
  return { data: plain(data), status: response.status, headers: Object.fromEntries(response.headers) };
}

// Everything on all pages of a list.
export async function pages({ url, key, name, args }) {
  const found = [];
  for await (const each of named(client(url, key), name)(...args)) found.push(each);
  return found;
}

// A page knows more than what was answered: how to ask for the next one.
function plain(data) {
  const list = data && (data.entries ? "entries" : data.items ? "items" : null);
  return list && data.page_info ? { [list]: data[list], page_info: data.page_info } : data;
}
