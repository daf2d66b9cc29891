// The clients for events of Segment, RudderStack and PostHog, told an address, a key and what to send.

import RudderAnalytics from "@rudderstack/rudder-sdk-node";
import { Analytics } from "@segment/analytics-node";
import { PostHog } from "posthog-node";

const LIBRARIES = { posthog, rudderstack, segment };

// Make the calls, each `[name, argument]`, and come back when everything is sent; what was given up on is an error.
export async function deliver({ library, url, key, calls }) {
  return LIBRARIES[library](url, key, calls);
}

async function segment(host, writeKey, calls) {
  const analytics = new Analytics({ writeKey, host, flushInterval: 100 });
  const failures = [];
  analytics.on("error", (error) => failures.push(String(error.reason ?? error.code)));
  for (const [name, argument] of calls) analytics[name](argument);
  await analytics.closeAndFlush();
  return { failures };
}

async function rudderstack(dataPlaneUrl, writeKey, calls) {
  const analytics = new RudderAnalytics(writeKey, { dataPlaneUrl, flushAt: 100, flushInterval: 100 });
  for (const [name, argument] of calls) analytics[name](argument);
  const failures = [];
  await analytics.flush().catch((error) => failures.push(String(error)));
  return { failures };
}

async function posthog(host, key, calls) {
  const client = new PostHog(key, { host, flushInterval: 100, fetchRetryCount: 1 });
  const failures = [];
  client.on("error", (error) => failures.push(String(error)));
  for (const [name, argument] of calls) client[name](argument);
  await client.shutdown();
  return { failures };
}
