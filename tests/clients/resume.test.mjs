// The recipes of docs/frontends.md lose no event and tell none twice, whatever breaks.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { recipe, recipes } from "./recipes.mjs";
import { Server } from "./server.mjs";

const TIMELINE = `query Timeline($id: ID!) {
  order(id: $id) { version status timeline(first: 100) { nodes { id kind } } }
}`;
const ACT = `mutation Act($id: ID!, $version: Int!, $action: OrderAction!) {
  orderAct(id: $id, version: $version, action: $action, reason: "test") { userErrors { code } }
}`;
const PLACED = `query { orders(where: {status: [CONFIRMED]}, first: 1) { nodes { id } } }`;
let server;
let id;

before(async () => {
  server = await Server.start();
  id = (await server.ask(PLACED)).orders.nodes[0].id;
});
after(() => server.end());

// Hold the order, or release it: one change, and its events.
async function change() {
  const { version, status } = (await server.ask(TIMELINE, { id })).order;
  const action = status === "ON_HOLD" ? "RELEASE" : "HOLD";
  const { userErrors } = (await server.ask(ACT, { id, version, action })).orderAct;
  assert.deepEqual(userErrors, []);
}

async function timeline() {
  const { nodes } = (await server.ask(TIMELINE, { id })).order.timeline;
  return nodes.map((event) => event.id).reverse(); // the newest comes first
}

async function until(isTrue, told) {
  for (const end = Date.now() + 60_000; Date.now() < end; await sleep(50)) {
    if (await isTrue()) return;
  }
  throw new Error(`in vain: ${JSON.stringify(told())}`);
}

const WATCHERS = {
  "graphql-ws.mjs": ({ watchOrder }, onItem, onError) =>
    watchOrder(server.socketUrl, id, onItem, onError),
  "apollo.mjs": ({ watchOrder }, onItem, onError) =>
    watchOrder(server.url, server.socketUrl, id, onItem, onError),
  "urql.mjs": ({ watchOrder }, onItem, onError) =>
    watchOrder(server.url, server.socketUrl, id, onItem, onError),
};

test("every recipe of the page is run here", () => {
  assert.deepEqual([...recipes.keys()].sort(), [...Object.keys(WATCHERS), "live-list.mjs"].sort());
});

for (const [name, watch] of Object.entries(WATCHERS)) {
  test(`${name} goes on after each break`, { timeout: 240_000 }, async () => {
    const items = [];
    const errors = [];
    const seen = () => items.flatMap(({ event }) => (event ? [event.id] : []));
    const stop = watch(await recipe(name), (item) => items.push(item), (error) => errors.push(error));
    try {
      await until(() => items.length > 0, () => errors);
      const known = (await timeline()).length;
      const told = async () => (await timeline()).length - known === seen().length;
      for (const signal of ["SIGKILL", "SIGTERM", "SIGKILL"]) {
        await change();
        await until(told, seen);
        await server.stop(signal);
        await server.serve();
        // While nobody watches: the client waits before it comes back.
        await change();
        await change();
        await until(told, seen);
      }
      assert.deepEqual(errors, []);
      assert.deepEqual(seen(), (await timeline()).slice(known));
      assert.ok(seen().length >= 9); // three changes a break, and each has an event at least
    } finally {
      stop();
    }
  });
}

test("live-list.mjs stays current, also after a restore", { timeout: 240_000 }, async () => {
  const { watchOrders } = await recipe("live-list.mjs");
  const where = { status: ["CONFIRMED"] };
  const read = "query Read($where: OrderWhere) { orders(where: $where, first: 100) { nodes { id version status } } }";
  const current = async () => {
    const { nodes } = (await server.ask(read, { where })).orders;
    return JSON.stringify(nodes.map((order) => [order.id, order.version]).sort());
  };
  let shown = null;
  const errors = [];
  const onOrders = (orders) => {
    shown = JSON.stringify(orders.map((order) => [order.id, order.version]).sort());
  };
  const ask = (query, variables) => server.ask(query, variables);
  const stop = watchOrders(server.socketUrl, ask, where, onOrders, (error) => errors.push(error));
  const isCurrent = async () => shown === (await current());
  try {
    await until(isCurrent, () => [shown, errors]);
    for (let count = 0; count < 3; count++) {
      await change(); // it leaves the list, or comes back
      await until(isCurrent, () => [shown, errors]);
    }
    await server.stop("SIGTERM");
    await server.keep();
    await server.serve();
    await change();
    await until(isCurrent, () => [shown, errors]);
    await server.stop("SIGKILL");
    await server.restore();
    await server.serve();
    await until(isCurrent, () => [shown, errors]);
    await change();
    await until(isCurrent, () => [shown, errors]);
    assert.deepEqual(errors, []);
  } finally {
    stop();
  }
});
