/** The same for `import`: every class exists once, in the CommonJS build. */
export * from './index.js';
