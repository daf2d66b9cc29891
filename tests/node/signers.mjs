// What the packages for Node of several providers make of a body: the headers that a webhook of theirs carries.

import { createHmac } from "node:crypto";

import { sign as octokit } from "@octokit/webhooks-methods";
import "@shopify/shopify-api/adapters/node";
import { shopifyApi } from "@shopify/shopify-api";
import { WorkOS } from "@workos-inc/node";
import { Webhook as StandardWebhook } from "standardwebhooks";
import Stripe from "stripe";
import { Webhook as SvixWebhook } from "svix";

const PACKAGES = { github, shopify, standardwebhooks, stripe, svix, workos };

export async function sign({ by, secret, body }) {
  return PACKAGES[by](secret, body);
}

function stripe(secret, payload) {
  const header = new Stripe("sk_test_of_nobody").webhooks.generateTestHeaderString({ payload, secret });
  return { "Stripe-Signature": header };
}

function svix(secret, body) {
  const at = new Date();
  const signature = new SvixWebhook(secret).sign("msg_1", at, body);
  return { "svix-id": "msg_1", "svix-timestamp": seconds(at), "svix-signature": signature };
}

function standardwebhooks(secret, body) {
  const at = new Date();
  const signature = new StandardWebhook(secret).sign("msg_1", at, body);
  return { "webhook-id": "msg_1", "webhook-timestamp": seconds(at), "webhook-signature": signature };
}

async function github(secret, body) {
  return { "X-Hub-Signature-256": await octokit(secret, body), "X-GitHub-Event": "push", "X-GitHub-Delivery": "d-1" };
}

async function workos(secret, body) {
  const at = Date.now();
  const signature = await new WorkOS("sk_of_nobody").webhooks.computeSignature(at, JSON.parse(body), secret);
  return { "WorkOS-Signature": `t=${at}, v1=${signature}` };
}

// Shopify's package only verifies, and it is asked whether it would.
async function shopify(secret, rawBody) {
  const headers = {
    "X-Shopify-Hmac-Sha256": createHmac("sha256", secret).update(rawBody).digest("base64"),
    "X-Shopify-Topic": "orders/create",
    "X-Shopify-Webhook-Id": "w-1",
    "X-Shopify-Shop-Domain": "shop.myshopify.com",
    "X-Shopify-API-Version": "2026-10",
  };
  const api = shopifyApi({
    apiKey: "of-nobody",
    apiSecretKey: secret,
    apiVersion: "2026-10",
    hostName: "shop.example.com",
    isEmbeddedApp: false,
    logger: { log: () => {} },
  });
  const { valid, reason } = await api.webhooks.validate({ rawBody, rawRequest: { headers } });
  if (!valid) throw new Error(`Shopify's package refuses it: ${reason}`);
  return headers;
}

function seconds(at) {
  return String(Math.floor(at.getTime() / 1000));
}
