/** This package's version, as package.json has it: written out, so that a bundle needs no file beside it. */
export const VERSION = "0.0.0";
