// A file of its own, so that bundlers make one lazily loaded chunk of the SDK: of a dynamic import of a CommonJS package
// esbuild keeps nothing but `default` when it splits the code.
export { defaultProvider } from "@aws-sdk/credential-provider-node";
