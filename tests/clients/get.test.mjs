// Queries by GET and by hash, with the clients as they are installed.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { ApolloClient, gql as apolloGql, HttpLink, InMemoryCache } from "@apollo/client";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { cacheExchange, Client, fetchExchange, gql } from "@urql/core";
import { persistedExchange } from "@urql/exchange-persisted";
import { sha256 } from "crypto-hash";
import { Server } from "./server.mjs";

const QUERY = "query Names($first: Int!) { orders(first: $first) { nodes { id number } } }";
let server;
let sent;

before(async () => {
  server = await Server.start();
});
after(() => server.end());

// `fetch`, and what was asked by it: the method, and whether the text of the document was sent.
function watched() {
  sent = [];
  return async (url, options = {}) => {
    const asked = new URL(url).searchParams.get("query") ?? JSON.parse(options.body ?? "{}").query;
    sent.push([options.method ?? "GET", Boolean(asked)]);
    return fetch(url, options);
  };
}

async function numbers() {
  const { orders } = await server.ask(QUERY, { first: 3 });
  return orders.nodes.map(({ number }) => number);
}

test("urql, as it is installed, asks by GET", async () => {
  const client = new Client({ url: server.url, exchanges: [cacheExchange, fetchExchange], fetch: watched() });
  const { data, error } = await client.query(gql(QUERY), { first: 3 }).toPromise();
  assert.ifError(error);
  assert.deepEqual(data.orders.nodes.map(({ number }) => number), await numbers());
  assert.deepEqual(sent, [["GET", true]]);
});

test("urql's persistedExchange asks by hash, and once by text", async () => {
  for (const expected of [[["GET", false], ["GET", true]], [["GET", false]]]) {
    const exchanges = [persistedExchange({ enableForMutation: true }), fetchExchange];
    const client = new Client({ url: server.url, exchanges, fetch: watched() });
    const { data, error } = await client.query(gql(QUERY), { first: 3 }).toPromise();
    assert.ifError(error);
    assert.deepEqual(data.orders.nodes.map(({ number }) => number), await numbers());
    assert.deepEqual(sent, expected);
  }
});

test("Apollo's hashed queries go by GET, and once by text", async () => {
  for (const [first, last] of [[false, true], [false, false]]) {
    const link = new PersistedQueryLink({ sha256, useGETForHashedQueries: true });
    const http = new HttpLink({ uri: server.url, fetch: watched() });
    const client = new ApolloClient({ cache: new InMemoryCache(), link: link.concat(http) });
    const query = apolloGql(QUERY.replace("Names", "OfApollo"));
    const { data, error } = await client.query({ query, variables: { first: 3 } });
    assert.ifError(error);
    assert.deepEqual(data.orders.nodes.map(({ number }) => number), await numbers());
    assert.deepEqual(sent[0], ["GET", first]);
    assert.equal(sent.at(-1)[1], last);
    assert.equal(sent.length, last ? 2 : 1);
  }
});
