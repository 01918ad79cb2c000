import createClient from "openapi-fetch";
import type { components, paths } from "./contract.js";

/** The names of the contract's schemas: `Schema<"StreamStatus">`. */
export type Schema<Name extends keyof components["schemas"]> = components["schemas"][Name];

export type { paths };

/**
 * A client of the API. Addresses, parameters, bodies and answers are typed, errors by the codes that each address can give:
 * after `if (error)`, `error.code` is one of them.
 *
 * @param token Gives the session token of the auth server for each request; renew it there.
 */
export function streaming(baseUrl: string, token?: () => string | Promise<string>) {
  const client = createClient<paths, "application/json">({ baseUrl });
  if (token)
    client.use({
      async onRequest({ request }) {
        request.headers.set("Authorization", `Bearer ${await token()}`);
        return request;
      },
    });
  return client;
}
