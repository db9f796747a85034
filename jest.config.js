/** Tests import the package by its name and run what ships: build first. */
process.env.FLASHDIFF_POISON = '1'; // results begin as NaN, in the programs that tests run too
module.exports = {
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  transform: { '\\.ts$': ['ts-jest', { tsconfig: '<rootDir>/test/tsconfig.json' }] },
  // TypeScript's specifiers end in .js; within test/ they lead to .ts files.
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  modulePathIgnorePatterns: ['<rootDir>/build/', '<rootDir>/prebuilds/'],
};
