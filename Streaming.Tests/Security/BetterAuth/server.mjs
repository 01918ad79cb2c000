// A stock Better Auth on loopback: `node server.mjs PORT ALGORITHM`. It keeps everything in memory and is gone with its process.
import { createServer } from "node:http";
import { randomBytes } from "node:crypto";
import { betterAuth } from "better-auth";
import { memoryAdapter } from "better-auth/adapters/memory";
import { toNodeHandler } from "better-auth/node";
import { bearer, jwt } from "better-auth/plugins";

const [port, alg] = process.argv.slice(2);
const tables = { user: [], session: [], account: [], verification: [], jwks: [] };
const handler = toNodeHandler(betterAuth({
    baseURL: `http://127.0.0.1:${port}`,
    secret: randomBytes(32).toString("hex"),
    database: memoryAdapter(tables),
    emailAndPassword: { enabled: true },
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    plugins: [bearer(), jwt({ jwks: { keyPairConfig: { alg } } })],
}));

createServer((request, response) => {
    if (request.url !== "/rotate") return handler(request, response);
    tables.jwks.length = 0; // the next token is signed with a new key
    response.end();
}).listen(Number(port), "127.0.0.1", () => console.log("listening"));
