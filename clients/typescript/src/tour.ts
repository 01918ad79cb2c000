// A creator's evening, for a system of ./run or of the tests: STREAMING_API, STREAMING_TOKEN, and what puts an encoder on the air, STREAMING_SIMULATOR.
import { streaming, type Schema } from "./index.js";

declare const process: { env: Record<string, string | undefined> };

const setting = (name: string): string => process.env[name] ?? fail(`${name} is not set.`);
const fail = (why: string): never => {
  throw new Error(why);
};

const api = streaming(setting("STREAMING_API"), () => setting("STREAMING_TOKEN"));

const { data: made, error: refused } = await api.POST("/api/stream/ingress", { body: { ingressType: "RTMP" } });
if (refused) fail(`No key: ${refused.code}`);
const key: Schema<"IngressCreated"> = made ?? fail("An answer without a body.");

const onAir = await fetch(new URL("/simulator/go-live", setting("STREAMING_SIMULATOR")), {
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify({ streamKey: key.streamKey }),
});
if (!onAir.ok) fail(`The simulator says ${onAir.status}.`);

let status: Schema<"StreamStatus"> | undefined;
for (let tries = 0; tries < 100 && !status?.isLive; tries++) {
  status = (await api.GET("/api/stream/status")).data;
  await new Promise((next) => setTimeout(next, 100));
}
if (status?.state !== "live") fail(`The stream is ${status?.state}.`);

const { error: live } = await api.POST("/api/stream/ingress", { body: {} });
switch (live?.code) {
  case "stream_live":
    break;
  default:
    fail(`Instead of stream_live: ${live?.code}`);
}
// @ts-expect-error no such code: the contract says so before anything runs
if (live?.code === "stream_alive") fail("This does not compile without the line above.");

const { error: invalid } = await api.PUT("/api/stream/info", { body: { title: "" } });
if (invalid?.code !== "validation_failed") fail(`Instead of validation_failed: ${invalid?.code}`);

console.log(JSON.stringify({ ingressId: key.ingressId, state: status?.state, refusedWith: live?.code }));
