// A separate file, so that bundlers make the SDK one lazily loaded chunk: when esbuild splits code, it keeps only the `default` of
// a dynamically imported CommonJS package.
export { defaultProvider } from "@aws-sdk/credential-provider-node";
