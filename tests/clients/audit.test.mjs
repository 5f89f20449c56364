// GraphQL over HTTP, as the audit of the package graphql-http has it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { serverAudits } from "graphql-http";
import { Server } from "./server.mjs";

test("all audits pass", async () => {
  const server = await Server.start();
  try {
    const results = [];
    for (const audit of serverAudits({ url: server.url, fetchFn: fetch })) {
      results.push({ name: audit.name, ...(await audit.fn()) });
    }
    const others = results.filter(({ status }) => status !== "ok");
    assert.deepEqual(others.map(({ name, reason }) => `${name}: ${reason}`), []);
    assert.equal(results.length, 61);
  } finally {
    await server.end();
  }
});
