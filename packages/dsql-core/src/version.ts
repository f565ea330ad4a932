/** This package's version, the same as in package.json; a constant, so that a bundle needs no other file. */
export const VERSION = "0.0.0";
